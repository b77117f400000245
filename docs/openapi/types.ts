// Generated from the routes by `npm run openapi`. Do not edit.

export interface paths {
    "/health/live": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Check liveness
         * @description Reports whether the process is running. Does not query the database, so that a database outage causes no restart.
         */
        get: operations["getLiveness"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/health/ready": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Check readiness
         * @description Reports whether the service can handle requests. Also returns 503 if the database is read-only or has no schema.
         */
        get: operations["getReadiness"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/users/{user_id}/projects/{project_id}/resources/imports": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List imports
         * @description Returns all imports, oldest first, or one page of them if `limit` is set. A `github` import is listed only while the user has an active (not suspended) GitHub App installation on the repository's account.
         */
        get: operations["listImports"];
        put?: never;
        /**
         * Create an import
         * @description The format of `source_path` depends on `source_type`. It is stored in canonical form. For `github` imports, one of the user's recorded GitHub App installations must have access to the repository.
         */
        post: operations["createImport"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/users/{user_id}/projects/{project_id}/resources/imports/preview": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Preview an import
         * @description Runs all checks of a create, but creates nothing. Returns the import as a create would store it, with the ids of the project's imports of the same source (case-insensitive for GitHub), or the error that the create would return.
         */
        post: operations["previewImport"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/users/{user_id}/projects/{project_id}/resources/imports/{import_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get an import
         * @description A `github` import is accessible only while the user has an active (not suspended) GitHub App installation on the repository's account.
         */
        get: operations["getImport"];
        /**
         * Update an import
         * @description Changes only the fields in the body. The resulting `source_path` must have the format of the resulting `source_type`. A new `github` path requires the same permissions as a new import.
         */
        put: operations["updateImport"];
        post?: never;
        /**
         * Delete an import
         * @description Does not require access to the repository.
         */
        delete: operations["deleteImport"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/users/{user_id}/projects/{project_id}/resources/files": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List files
         * @description Returns all files, oldest first, or one page of them if `limit` is set. With both filters, returns the files that match both.
         */
        get: operations["listFiles"];
        put?: never;
        /**
         * Create a file
         * @description The file belongs to the project and is deleted with it.
         */
        post: operations["createFile"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/users/{user_id}/projects/{project_id}/resources/files/{context_file_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get a file
         * @description Includes the full text.
         */
        get: operations["getFile"];
        /**
         * Update a file
         * @description Changes only the fields in the body. Null clears `language` and `extension`.
         */
        put: operations["updateFile"];
        post?: never;
        /**
         * Delete a file
         * @description Other projects are not affected, because files are never shared.
         */
        delete: operations["deleteFile"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/users/{user_id}/projects/{project_id}/resources/user-files": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List linked user files
         * @description Returns all linked user files, newest link first, or one page of them if `limit` is set.
         */
        get: operations["listUserFiles"];
        put?: never;
        /**
         * Link a user file, or create one and link it
         * @description A body with `user_file_id` links a user file that the user owns. A body with the other fields creates a user file and links it atomically.
         */
        post: operations["linkUserFile"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/users/{user_id}/projects/{project_id}/resources/user-files/{resource_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get a linked user file
         * @description Returns a user file that is linked to this project.
         */
        get: operations["getUserFile"];
        put?: never;
        post?: never;
        /**
         * Unlink a user file
         * @description Removes the link from this project. The user keeps the user file.
         */
        delete: operations["unlinkUserFile"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/users/{user_id}/projects/{project_id}/resources/template-collections": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List linked template collections
         * @description Returns all linked template collections, newest link first, or one page of them if `limit` is set.
         */
        get: operations["listTemplateCollections"];
        put?: never;
        /**
         * Link a template collection, or create one and link it
         * @description A body with `template_collection_id` links a template collection that the user owns. A body with the other fields creates a template collection and links it atomically.
         */
        post: operations["linkTemplateCollection"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/users/{user_id}/projects/{project_id}/resources/template-collections/{resource_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get a linked template collection
         * @description Returns a template collection that is linked to this project.
         */
        get: operations["getTemplateCollection"];
        put?: never;
        post?: never;
        /**
         * Unlink a template collection
         * @description Removes the link from this project. The user keeps the template collection.
         */
        delete: operations["unlinkTemplateCollection"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/users/{user_id}/projects/{project_id}/resources/github-installations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List linked GitHub installations
         * @description Returns all linked GitHub installations, newest link first, or one page of them if `limit` is set.
         */
        get: operations["listGithubInstallations"];
        put?: never;
        /**
         * Link a GitHub installation, or record one and link it
         * @description A body with `github_installation_id` links a GitHub installation that the user owns. A body with the other fields records a GitHub installation and links it atomically. If the user already has one with the same `installation_id`, that one is updated and linked instead.
         */
        post: operations["linkGithubInstallation"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/users/{user_id}/projects/{project_id}/resources/github-installations/{resource_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get a linked GitHub installation
         * @description Returns a GitHub installation that is linked to this project.
         */
        get: operations["getGithubInstallation"];
        put?: never;
        post?: never;
        /**
         * Unlink a GitHub installation
         * @description Removes the link from this project. The user keeps the GitHub installation.
         */
        delete: operations["unlinkGithubInstallation"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/users/{user_id}/projects/{project_id}/resources/chat-conversations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List linked chat conversations
         * @description Returns all linked chat conversations, newest link first, or one page of them if `limit` is set.
         */
        get: operations["listChatConversations"];
        put?: never;
        /**
         * Link a chat conversation, or create one and link it
         * @description A body with `chat_conversation_id` links a chat conversation that the user owns. A body with the other fields creates a chat conversation and links it atomically.
         */
        post: operations["linkChatConversation"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/users/{user_id}/projects/{project_id}/resources/chat-conversations/{resource_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get a linked chat conversation
         * @description Returns a chat conversation that is linked to this project.
         */
        get: operations["getChatConversation"];
        put?: never;
        post?: never;
        /**
         * Unlink a chat conversation
         * @description Removes the link from this project. The user keeps the chat conversation.
         */
        delete: operations["unlinkChatConversation"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/users/{user_id}/projects/{project_id}/resources/github-repositories": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the repositories of the linked GitHub installations
         * @description Returns the repositories that the project's linked GitHub installations can access, sorted by `full_name`. Returns 503 if no GitHub App is configured in the service.
         */
        get: operations["listGithubRepositories"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/webhooks/github": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Receive a GitHub webhook
         * @description GitHub reports changes to installations and repositories. The signature is verified before the body is parsed. Idempotent: each delivery is processed once.
         */
        post: operations["receiveGithubWebhook"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        ChatConversation: {
            /** Format: int32 */
            id: number;
            name: string;
            description: string | null;
            /** @description `publisher/name` */
            model: string;
            model_publisher: string;
            model_name: string;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            updated_at: string;
            /** Format: int32 */
            neptun_user_id: number;
        };
        /** @description Links a chat conversation. */
        ChatConversationLink: {
            /** Format: int32 */
            chat_conversation_id: number;
        };
        CreateFileBody: {
            title: string;
            /** @description Path from which the file was taken. Stored unchanged. */
            original_path: string;
            /** @description Purpose of the file. */
            context_file_category: string;
            /** @description Kind of file. */
            context_file_type: string;
            /** @description At most 1 MiB in UTF-8. */
            text: string;
            language?: string | null;
            extension?: string | null;
        };
        CreateImportBody: {
            /**
             * @description Kind of source.
             * @enum {string}
             */
            source_type: "github" | "gitlab" | "bitbucket" | "git" | "url" | "local";
            /** @description Location of the source, in the format of its source_type: github `owner/repo`, gitlab `group/project`, bitbucket `workspace/repo`, git `https://git.example.com/repo.git`, url `https://example.com/docs`, local `/srv/project`. Stored in canonical form. */
            source_path: string;
            title?: string | null;
            description?: string | null;
        };
        Error: {
            /**
             * Format: int32
             * @description HTTP status of the response.
             */
            statusCode: number;
            /**
             * @description Stable, machine-readable error code.
             * @enum {string}
             */
            code: "INVALID_REQUEST" | "INVALID_RESOURCE_TYPE" | "UNAUTHORIZED" | "USER_MISMATCH" | "CROSS_SITE_REQUEST" | "GITHUB_ACCESS_DENIED" | "ROUTE_NOT_FOUND" | "PROJECT_NOT_FOUND" | "IMPORT_NOT_FOUND" | "RESOURCE_NOT_FOUND" | "FILE_NOT_FOUND" | "NO_GITHUB_INSTALLATION" | "REQUEST_TIMEOUT" | "CONFLICT" | "PROJECT_FULL" | "IDEMPOTENCY_CONFLICT" | "PRECONDITION_FAILED" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "EXPECTATION_FAILED" | "IDEMPOTENCY_KEY_REUSED" | "RATE_LIMITED" | "HEADERS_TOO_LARGE" | "INTERNAL" | "GITHUB_UNAVAILABLE" | "SESSION_LOOKUP_UNAVAILABLE" | "OVERLOADED" | "DATABASE_UNAVAILABLE" | "SHUTTING_DOWN";
            /** @description Human-readable description of the error. */
            message: string;
            /** @description All validation errors. Present only if validation failed (400). */
            errors?: components["schemas"]["ValidationError"][];
        };
        File: {
            /** Format: int32 */
            id: number;
            title: string;
            /** @description Path from which the file was taken. Stored unchanged. */
            original_path: string;
            /** @description Purpose of the file. */
            context_file_category: string;
            /** @description Kind of file. */
            context_file_type: string;
            /** @description At most 1 MiB in UTF-8. */
            text: string;
            language: string | null;
            extension: string | null;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            updated_at: string;
            /** Format: int32 */
            neptun_user_id: number;
            /** Format: int32 */
            project_id: number;
        };
        FileBody: {
            file: components["schemas"]["File"];
        };
        FilesBody: {
            files: components["schemas"]["File"][];
        };
        GithubInstallation: {
            /** Format: int32 */
            id: number;
            /** @description GitHub's id of the installation, as a string. */
            installation_id: string;
            /** @description The GitHub account on which the App is installed. */
            account_name: string;
            /** @enum {string} */
            repository_selection: "all" | "selected";
            github_account_type: string | null;
            github_account_avatar_url: string | null;
            /** @description GitHub's id of the account, as a string. */
            github_account_id: string | null;
            github_account_name: string | null;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            updated_at: string;
            /** Format: int32 */
            neptun_user_id: number;
        };
        /** @description Links a GitHub installation. */
        GithubInstallationLink: {
            /** Format: int32 */
            github_installation_id: number;
        };
        GithubRepositoriesBody: {
            repositories: components["schemas"]["GithubRepository"][];
        };
        GithubRepository: {
            /** @description GitHub's id of the repository, as a string. */
            id: string;
            name: string;
            /** @description `owner/repo`: the `source_path` for an import of this repository. */
            full_name: string;
            private: boolean;
            html_url: string;
            description: string | null;
            fork: boolean;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            updated_at: string;
            /** Format: date-time */
            pushed_at: string | null;
            git_url: string;
            ssh_url: string;
            clone_url: string;
            /**
             * Format: int64
             * @description In kilobytes.
             */
            size: number;
            /** Format: int64 */
            stargazers_count: number;
            /** Format: int64 */
            watchers_count: number;
            language: string | null;
            has_issues: boolean;
            has_projects: boolean;
            has_downloads: boolean;
            has_wiki: boolean;
            has_pages: boolean;
            has_discussions: boolean;
            /** Format: int64 */
            forks_count: number;
            archived: boolean;
            disabled: boolean;
            /** Format: int64 */
            open_issues_count: number;
            allow_forking: boolean;
            is_template: boolean;
            web_commit_signoff_required: boolean;
            /** @description `public`, `private` or `internal`. */
            visibility: string;
            default_branch: string;
            /** @description GitHub's id of the owner, as a string. */
            github_account_id: string;
            /** @description Login of the owner. */
            github_account_name: string;
            /** @description GitHub's id of the installation that can access it, as a string. */
            installation_id: string;
            /** @description SPDX identifier. */
            license: string | null;
        };
        /** @description Payload of the event: https://docs.github.com/en/webhooks/webhook-events-and-payloads */
        GithubWebhook: {
            action?: string;
        } & {
            [key: string]: unknown;
        };
        Health: {
            /** @enum {string} */
            status: "ok";
        };
        Import: {
            /** Format: int32 */
            id: number;
            /**
             * @description Kind of source.
             * @enum {string}
             */
            source_type: "github" | "gitlab" | "bitbucket" | "git" | "url" | "local";
            /** @description Location of the source, in the format of its source_type: github `owner/repo`, gitlab `group/project`, bitbucket `workspace/repo`, git `https://git.example.com/repo.git`, url `https://example.com/docs`, local `/srv/project`. Stored in canonical form. */
            source_path: string;
            title: string | null;
            description: string | null;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            updated_at: string;
            /** Format: int32 */
            neptun_user_id: number;
            /** Format: int32 */
            project_id: number;
        };
        ImportBody: {
            import: components["schemas"]["Import"];
        };
        /** @description An import as a create would store it, without id and timestamps. */
        ImportPreview: {
            /**
             * @description Kind of source.
             * @enum {string}
             */
            source_type: "github" | "gitlab" | "bitbucket" | "git" | "url" | "local";
            /** @description Location of the source, in the format of its source_type: github `owner/repo`, gitlab `group/project`, bitbucket `workspace/repo`, git `https://git.example.com/repo.git`, url `https://example.com/docs`, local `/srv/project`. Stored in canonical form. */
            source_path: string;
            title: string | null;
            description: string | null;
            /** Format: int32 */
            neptun_user_id: number;
            /** Format: int32 */
            project_id: number;
        };
        ImportPreviewBody: {
            import: components["schemas"]["ImportPreview"];
            /** @description Ids of the project's imports of the same source, oldest first. */
            duplicates: number[];
        };
        ImportsBody: {
            imports: components["schemas"]["Import"][];
        };
        /** @description Creates a chat conversation and links it. */
        NewChatConversation: {
            name: string;
            description: string | null;
            model_publisher: string;
            model_name: string;
        };
        /** @description Records a GitHub installation and links it. */
        NewGithubInstallation: {
            /**
             * Format: int32
             * @description GitHub's id of the installation, as a number or a string.
             */
            installation_id: number | string;
            /** @description The GitHub account on which the App is installed. */
            account_name: string;
            /** @enum {string} */
            repository_selection: "all" | "selected";
        };
        /** @description Creates a template collection and links it. */
        NewTemplateCollection: {
            name: string;
            description: string | null;
        };
        /** @description Creates a user file and links it. */
        NewUserFile: {
            title: string;
            /** @description At most 1 MiB in UTF-8. */
            text: string;
            language: string;
            extension: string;
        };
        TemplateCollection: {
            /** Format: int32 */
            id: number;
            name: string;
            description: string | null;
            is_shared: boolean;
            /** Format: uuid */
            share_uuid: string;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            updated_at: string;
            /** Format: int32 */
            neptun_user_id: number;
        };
        /** @description Links a template collection. */
        TemplateCollectionLink: {
            /** Format: int32 */
            template_collection_id: number;
        };
        /** @description At least one field is required. Absent fields are unchanged. Null counts as absent, except for `language` and `extension`. */
        UpdateFileBody: {
            /** @description Null leaves the field unchanged. */
            title?: string | null;
            /** @description Path from which the file was taken. Stored unchanged. Null leaves the field unchanged. */
            original_path?: string | null;
            /** @description Purpose of the file. Null leaves the field unchanged. */
            context_file_category?: string | null;
            /** @description Kind of file. Null leaves the field unchanged. */
            context_file_type?: string | null;
            /** @description At most 1 MiB in UTF-8. Null leaves the field unchanged. */
            text?: string | null;
            language?: string | null;
            extension?: string | null;
        };
        /** @description At least one field is required. Absent fields are unchanged. Null counts as absent for `source_type` and `source_path`. */
        UpdateImportBody: {
            /**
             * @description Kind of source. Null leaves the field unchanged.
             * @enum {string|null}
             */
            source_type?: "github" | "gitlab" | "bitbucket" | "git" | "url" | "local" | null;
            /** @description Location of the source, in the format of its source_type: github `owner/repo`, gitlab `group/project`, bitbucket `workspace/repo`, git `https://git.example.com/repo.git`, url `https://example.com/docs`, local `/srv/project`. Stored in canonical form. Null leaves the field unchanged. */
            source_path?: string | null;
            title?: string | null;
            description?: string | null;
        };
        UserFile: {
            /** Format: int32 */
            id: number;
            title: string;
            /** @description At most 1 MiB in UTF-8. */
            text: string;
            language: string;
            extension: string;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            updated_at: string;
            /** Format: int32 */
            neptun_user_id: number;
        };
        /** @description Links a user file. */
        UserFileLink: {
            /** Format: int32 */
            user_file_id: number;
        };
        ValidationError: {
            /** @description Path of the invalid field, such as `body.title`, `query.limit` or `path.user_id`. */
            path: string;
            /** @description Reason why the value is invalid. Never contains the value. */
            message: string;
        };
        WebhookOutcome: {
            /** @enum {string} */
            outcome: "processed" | "replayed" | "ignored";
        };
    };
    responses: {
        /** @description `CONFLICT`: The object is being changed by a concurrent request; try again. */
        CONFLICT: {
            headers: {
                "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"];
            };
        };
        /** @description `CONFLICT`: The object is being changed by a concurrent request; try again. `PROJECT_FULL`: The project is full. */
        "CONFLICT.PROJECT_FULL": {
            headers: {
                "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"];
            };
        };
        /** @description `DATABASE_UNAVAILABLE`: The database is unavailable. `OVERLOADED`: The service is overloaded: nothing was stored. */
        "DATABASE_UNAVAILABLE.OVERLOADED": {
            headers: {
                "Retry-After": components["headers"]["Retry-After"];
                "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"];
            };
        };
        /** @description `DATABASE_UNAVAILABLE`: The database is unavailable. `OVERLOADED`: The service is overloaded: nothing was stored. `SHUTTING_DOWN`: The service is shutting down. */
        "DATABASE_UNAVAILABLE.OVERLOADED.SHUTTING_DOWN": {
            headers: {
                "Retry-After": components["headers"]["Retry-After"];
                "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"];
            };
        };
        /** @description `DATABASE_UNAVAILABLE`: The database is unavailable. `SESSION_LOOKUP_UNAVAILABLE`: Sessions cannot be verified at the moment: nothing was stored. `OVERLOADED`: The service is overloaded: nothing was stored. */
        "DATABASE_UNAVAILABLE.SESSION_LOOKUP_UNAVAILABLE.OVERLOADED": {
            headers: {
                "Retry-After": components["headers"]["Retry-After"];
                "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"];
            };
        };
        /** @description `DATABASE_UNAVAILABLE`: The database is unavailable. `SESSION_LOOKUP_UNAVAILABLE`: Sessions cannot be verified at the moment: nothing was stored. `OVERLOADED`: The service is overloaded: nothing was stored. `GITHUB_UNAVAILABLE`: GitHub is unavailable: nothing was stored. */
        "DATABASE_UNAVAILABLE.SESSION_LOOKUP_UNAVAILABLE.OVERLOADED.GITHUB_UNAVAILABLE": {
            headers: {
                "Retry-After": components["headers"]["Retry-After"];
                "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"];
            };
        };
        /** @description `EXPECTATION_FAILED`: Only "Expect: 100-continue" is supported. */
        EXPECTATION_FAILED: {
            headers: {
                "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"];
            };
        };
        /** @description `HEADERS_TOO_LARGE`: Request headers are too large. */
        HEADERS_TOO_LARGE: {
            headers: {
                "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"];
            };
        };
        /** @description `IDEMPOTENCY_KEY_REUSED`: This Idempotency-Key was used for a different request. */
        IDEMPOTENCY_KEY_REUSED: {
            headers: {
                "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"];
            };
        };
        /** @description `INTERNAL`: Internal Server Error. */
        INTERNAL: {
            headers: {
                "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"];
            };
        };
        /** @description `INVALID_REQUEST`: Invalid request parameters. */
        INVALID_REQUEST: {
            headers: {
                "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"];
            };
        };
        /** @description `PAYLOAD_TOO_LARGE`: Request body is too large. */
        PAYLOAD_TOO_LARGE: {
            headers: {
                "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"];
            };
        };
        /** @description `PRECONDITION_FAILED`: The object has changed since it was read. */
        PRECONDITION_FAILED: {
            headers: {
                "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"];
            };
        };
        /** @description `PROJECT_FULL`: The project is full. `IDEMPOTENCY_CONFLICT`: The first request with this Idempotency-Key is still in progress; try again later. */
        "PROJECT_FULL.IDEMPOTENCY_CONFLICT": {
            headers: {
                "Retry-After": components["headers"]["Retry-After"];
                "Idempotency-Replayed": components["headers"]["Idempotency-Replayed"];
                "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"];
            };
        };
        /** @description `PROJECT_NOT_FOUND`: Project not found. */
        PROJECT_NOT_FOUND: {
            headers: {
                "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"];
            };
        };
        /** @description `PROJECT_NOT_FOUND`: Project not found. `FILE_NOT_FOUND`: File not found. */
        "PROJECT_NOT_FOUND.FILE_NOT_FOUND": {
            headers: {
                "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"];
            };
        };
        /** @description `PROJECT_NOT_FOUND`: Project not found. `IMPORT_NOT_FOUND`: Import not found. */
        "PROJECT_NOT_FOUND.IMPORT_NOT_FOUND": {
            headers: {
                "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"];
            };
        };
        /** @description `PROJECT_NOT_FOUND`: Project not found. `NO_GITHUB_INSTALLATION`: No GitHub installation is linked to this project. */
        "PROJECT_NOT_FOUND.NO_GITHUB_INSTALLATION": {
            headers: {
                "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"];
            };
        };
        /** @description `PROJECT_NOT_FOUND`: Project not found. `RESOURCE_NOT_FOUND`: Resource not found. */
        "PROJECT_NOT_FOUND.RESOURCE_NOT_FOUND": {
            headers: {
                "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"];
            };
        };
        /** @description `RATE_LIMITED`: Too many requests. */
        RATE_LIMITED: {
            headers: {
                "Retry-After": components["headers"]["Retry-After"];
                "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"];
            };
        };
        /** @description `REQUEST_TIMEOUT`: Request timed out. */
        REQUEST_TIMEOUT: {
            headers: {
                "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"];
            };
        };
        /** @description `UNAUTHORIZED`: Unauthorized. */
        UNAUTHORIZED: {
            headers: {
                "WWW-Authenticate": components["headers"]["WWW-Authenticate"];
                "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"];
            };
        };
        /** @description `UNSUPPORTED_MEDIA_TYPE`: Unsupported media type: send application/json. */
        UNSUPPORTED_MEDIA_TYPE: {
            headers: {
                "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"];
            };
        };
        /** @description `USER_MISMATCH`: Forbidden. */
        USER_MISMATCH: {
            headers: {
                "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"];
            };
        };
        /** @description `USER_MISMATCH`: Forbidden. `CROSS_SITE_REQUEST`: Cross-site request from an origin that is not allowed. */
        "USER_MISMATCH.CROSS_SITE_REQUEST": {
            headers: {
                "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"];
            };
        };
        /** @description `USER_MISMATCH`: Forbidden. `CROSS_SITE_REQUEST`: Cross-site request from an origin that is not allowed. `GITHUB_ACCESS_DENIED`: No access to this GitHub repository. */
        "USER_MISMATCH.CROSS_SITE_REQUEST.GITHUB_ACCESS_DENIED": {
            headers: {
                "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"];
            };
        };
        /** @description `USER_MISMATCH`: Forbidden. `GITHUB_ACCESS_DENIED`: No access to this GitHub repository. */
        "USER_MISMATCH.GITHUB_ACCESS_DENIED": {
            headers: {
                "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"];
            };
        };
        /** @description `USER_MISMATCH`: Forbidden. `GITHUB_ACCESS_DENIED`: No access to this GitHub repository. `CROSS_SITE_REQUEST`: Cross-site request from an origin that is not allowed. */
        "USER_MISMATCH.GITHUB_ACCESS_DENIED.CROSS_SITE_REQUEST": {
            headers: {
                "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"];
            };
        };
    };
    parameters: never;
    requestBodies: never;
    headers: {
        /** @description Identifies the state of the returned object or list (RFC 9110). Changes whenever that state changes. */
        ETag: string;
        /** @description `true` if this is the stored response to an earlier request with the same key. */
        "Idempotency-Replayed": string;
        /** @description Relative URL of the next page, if there is one: `<...>; rel="next"` (RFC 8288). */
        Link: string;
        /** @description URL of the new object, relative to the URL of the request (RFC 9110). */
        Location: string;
        /** @description Maximum number of requests per window. May be absent if the request was not counted. */
        "RateLimit-Limit": number;
        /** @description Number of requests left in the current window. May be absent if the request was not counted. */
        "RateLimit-Remaining": number;
        /** @description Seconds until the next window begins. May be absent if the request was not counted. */
        "RateLimit-Reset": number;
        /** @description Seconds to wait before retrying. */
        "Retry-After": number;
        /** @description The `Cookie` scheme, with the name of the session cookie. */
        "WWW-Authenticate": string;
        /** @description Number of imports omitted from the list because the user currently has no access to their repositories. */
        "X-Imports-Withheld": number;
        /** @description GitHub's ids of the installations whose repositories are missing: those that are suspended, and those that could not be listed completely. */
        "X-Installations-Failed": string;
    };
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    getLiveness: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The process is running. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Health"];
                };
            };
            400: components["responses"]["INVALID_REQUEST"];
            408: components["responses"]["REQUEST_TIMEOUT"];
            417: components["responses"]["EXPECTATION_FAILED"];
            431: components["responses"]["HEADERS_TOO_LARGE"];
            500: components["responses"]["INTERNAL"];
        };
    };
    getReadiness: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The service is ready. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Health"];
                };
            };
            400: components["responses"]["INVALID_REQUEST"];
            408: components["responses"]["REQUEST_TIMEOUT"];
            417: components["responses"]["EXPECTATION_FAILED"];
            431: components["responses"]["HEADERS_TOO_LARGE"];
            500: components["responses"]["INTERNAL"];
            503: components["responses"]["DATABASE_UNAVAILABLE.OVERLOADED.SHUTTING_DOWN"];
        };
    };
    listImports: {
        parameters: {
            query?: {
                /**
                 * @description Returns only imports of this type.
                 * @example github
                 */
                source_type?: "github" | "gitlab" | "bitbucket" | "git" | "url" | "local";
                /**
                 * @description Maximum number of items per page. Without it, the complete list is returned.
                 * @example 20
                 */
                limit?: number;
                /**
                 * @description Position at which the page starts, from the `Link` header of the previous page.
                 * @example MC4x
                 */
                cursor?: string;
            };
            header?: {
                /**
                 * @description Entity tags, or `*`. If one matches the current `ETag`, the response is 304 without a body.
                 * @example "0"
                 */
                "If-None-Match"?: string;
            };
            path: {
                /**
                 * @description Id of the signed-in user.
                 * @example 1
                 */
                user_id: number;
                /**
                 * @description Id of one of the user's projects.
                 * @example 789
                 */
                project_id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The project's imports. */
            200: {
                headers: {
                    Link: components["headers"]["Link"];
                    "X-Imports-Withheld": components["headers"]["X-Imports-Withheld"];
                    ETag: components["headers"]["ETag"];
                    "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                    "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                    "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ImportsBody"];
                };
            };
            /** @description Not modified: `If-None-Match` matches the current `ETag`. */
            304: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                    "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                    "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["INVALID_REQUEST"];
            401: components["responses"]["UNAUTHORIZED"];
            403: components["responses"]["USER_MISMATCH"];
            404: components["responses"]["PROJECT_NOT_FOUND"];
            408: components["responses"]["REQUEST_TIMEOUT"];
            417: components["responses"]["EXPECTATION_FAILED"];
            429: components["responses"]["RATE_LIMITED"];
            431: components["responses"]["HEADERS_TOO_LARGE"];
            500: components["responses"]["INTERNAL"];
            503: components["responses"]["DATABASE_UNAVAILABLE.SESSION_LOOKUP_UNAVAILABLE.OVERLOADED"];
        };
    };
    createImport: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Makes the request safe to retry: for 24 hours, the same request with the same key returns the first response, if that was a success or 409 `PROJECT_FULL`. After any other error, a retry is executed.
                 * @example 8e03978e-40d5-43e8-bc93-6894a57f9324
                 */
                "Idempotency-Key"?: string;
            };
            path: {
                /**
                 * @description Id of the signed-in user.
                 * @example 1
                 */
                user_id: number;
                /**
                 * @description Id of one of the user's projects.
                 * @example 789
                 */
                project_id: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateImportBody"];
            };
        };
        responses: {
            /** @description The new import. */
            201: {
                headers: {
                    Location: components["headers"]["Location"];
                    ETag: components["headers"]["ETag"];
                    "Idempotency-Replayed": components["headers"]["Idempotency-Replayed"];
                    "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                    "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                    "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ImportBody"];
                };
            };
            400: components["responses"]["INVALID_REQUEST"];
            401: components["responses"]["UNAUTHORIZED"];
            403: components["responses"]["USER_MISMATCH.GITHUB_ACCESS_DENIED.CROSS_SITE_REQUEST"];
            404: components["responses"]["PROJECT_NOT_FOUND"];
            408: components["responses"]["REQUEST_TIMEOUT"];
            409: components["responses"]["PROJECT_FULL.IDEMPOTENCY_CONFLICT"];
            413: components["responses"]["PAYLOAD_TOO_LARGE"];
            415: components["responses"]["UNSUPPORTED_MEDIA_TYPE"];
            417: components["responses"]["EXPECTATION_FAILED"];
            422: components["responses"]["IDEMPOTENCY_KEY_REUSED"];
            429: components["responses"]["RATE_LIMITED"];
            431: components["responses"]["HEADERS_TOO_LARGE"];
            500: components["responses"]["INTERNAL"];
            503: components["responses"]["DATABASE_UNAVAILABLE.SESSION_LOOKUP_UNAVAILABLE.OVERLOADED.GITHUB_UNAVAILABLE"];
        };
    };
    previewImport: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Makes the request safe to retry: for 24 hours, the same request with the same key returns the first response, if that was a success or 409 `PROJECT_FULL`. After any other error, a retry is executed.
                 * @example 8e03978e-40d5-43e8-bc93-6894a57f9324
                 */
                "Idempotency-Key"?: string;
            };
            path: {
                /**
                 * @description Id of the signed-in user.
                 * @example 1
                 */
                user_id: number;
                /**
                 * @description Id of one of the user's projects.
                 * @example 789
                 */
                project_id: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateImportBody"];
            };
        };
        responses: {
            /** @description The import as it would be stored. */
            200: {
                headers: {
                    "Idempotency-Replayed": components["headers"]["Idempotency-Replayed"];
                    "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                    "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                    "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ImportPreviewBody"];
                };
            };
            400: components["responses"]["INVALID_REQUEST"];
            401: components["responses"]["UNAUTHORIZED"];
            403: components["responses"]["USER_MISMATCH.GITHUB_ACCESS_DENIED.CROSS_SITE_REQUEST"];
            404: components["responses"]["PROJECT_NOT_FOUND"];
            408: components["responses"]["REQUEST_TIMEOUT"];
            409: components["responses"]["PROJECT_FULL.IDEMPOTENCY_CONFLICT"];
            413: components["responses"]["PAYLOAD_TOO_LARGE"];
            415: components["responses"]["UNSUPPORTED_MEDIA_TYPE"];
            417: components["responses"]["EXPECTATION_FAILED"];
            422: components["responses"]["IDEMPOTENCY_KEY_REUSED"];
            429: components["responses"]["RATE_LIMITED"];
            431: components["responses"]["HEADERS_TOO_LARGE"];
            500: components["responses"]["INTERNAL"];
            503: components["responses"]["DATABASE_UNAVAILABLE.SESSION_LOOKUP_UNAVAILABLE.OVERLOADED.GITHUB_UNAVAILABLE"];
        };
    };
    getImport: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Entity tags, or `*`. If one matches the current `ETag`, the response is 304 without a body.
                 * @example "0"
                 */
                "If-None-Match"?: string;
            };
            path: {
                /**
                 * @description Id of the signed-in user.
                 * @example 1
                 */
                user_id: number;
                /**
                 * @description Id of one of the user's projects.
                 * @example 789
                 */
                project_id: number;
                /** @example 123 */
                import_id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The import. */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                    "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                    "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ImportBody"];
                };
            };
            /** @description Not modified: `If-None-Match` matches the current `ETag`. */
            304: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                    "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                    "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["INVALID_REQUEST"];
            401: components["responses"]["UNAUTHORIZED"];
            403: components["responses"]["USER_MISMATCH.GITHUB_ACCESS_DENIED"];
            404: components["responses"]["PROJECT_NOT_FOUND.IMPORT_NOT_FOUND"];
            408: components["responses"]["REQUEST_TIMEOUT"];
            417: components["responses"]["EXPECTATION_FAILED"];
            429: components["responses"]["RATE_LIMITED"];
            431: components["responses"]["HEADERS_TOO_LARGE"];
            500: components["responses"]["INTERNAL"];
            503: components["responses"]["DATABASE_UNAVAILABLE.SESSION_LOOKUP_UNAVAILABLE.OVERLOADED"];
        };
    };
    updateImport: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Entity tags, or `*`. If none matches the current `ETag`, nothing is changed and the response is 412.
                 * @example *
                 */
                "If-Match"?: string;
            };
            path: {
                /**
                 * @description Id of the signed-in user.
                 * @example 1
                 */
                user_id: number;
                /**
                 * @description Id of one of the user's projects.
                 * @example 789
                 */
                project_id: number;
                /** @example 123 */
                import_id: number;
            };
            cookie?: never;
        };
        /** @description At least one field is required. Absent fields are unchanged. Null counts as absent for `source_type` and `source_path`. */
        requestBody: {
            content: {
                "application/json": components["schemas"]["UpdateImportBody"];
            };
        };
        responses: {
            /** @description The updated import. */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                    "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                    "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ImportBody"];
                };
            };
            400: components["responses"]["INVALID_REQUEST"];
            401: components["responses"]["UNAUTHORIZED"];
            403: components["responses"]["USER_MISMATCH.GITHUB_ACCESS_DENIED.CROSS_SITE_REQUEST"];
            404: components["responses"]["PROJECT_NOT_FOUND.IMPORT_NOT_FOUND"];
            408: components["responses"]["REQUEST_TIMEOUT"];
            409: components["responses"]["CONFLICT.PROJECT_FULL"];
            412: components["responses"]["PRECONDITION_FAILED"];
            413: components["responses"]["PAYLOAD_TOO_LARGE"];
            415: components["responses"]["UNSUPPORTED_MEDIA_TYPE"];
            417: components["responses"]["EXPECTATION_FAILED"];
            429: components["responses"]["RATE_LIMITED"];
            431: components["responses"]["HEADERS_TOO_LARGE"];
            500: components["responses"]["INTERNAL"];
            503: components["responses"]["DATABASE_UNAVAILABLE.SESSION_LOOKUP_UNAVAILABLE.OVERLOADED.GITHUB_UNAVAILABLE"];
        };
    };
    deleteImport: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Entity tags, or `*`. If none matches the current `ETag`, nothing is changed and the response is 412.
                 * @example *
                 */
                "If-Match"?: string;
            };
            path: {
                /**
                 * @description Id of the signed-in user.
                 * @example 1
                 */
                user_id: number;
                /**
                 * @description Id of one of the user's projects.
                 * @example 789
                 */
                project_id: number;
                /** @example 123 */
                import_id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success, without a body. */
            204: {
                headers: {
                    "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                    "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                    "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["INVALID_REQUEST"];
            401: components["responses"]["UNAUTHORIZED"];
            403: components["responses"]["USER_MISMATCH.CROSS_SITE_REQUEST"];
            404: components["responses"]["PROJECT_NOT_FOUND.IMPORT_NOT_FOUND"];
            408: components["responses"]["REQUEST_TIMEOUT"];
            409: components["responses"]["CONFLICT"];
            412: components["responses"]["PRECONDITION_FAILED"];
            413: components["responses"]["PAYLOAD_TOO_LARGE"];
            415: components["responses"]["UNSUPPORTED_MEDIA_TYPE"];
            417: components["responses"]["EXPECTATION_FAILED"];
            429: components["responses"]["RATE_LIMITED"];
            431: components["responses"]["HEADERS_TOO_LARGE"];
            500: components["responses"]["INTERNAL"];
            503: components["responses"]["DATABASE_UNAVAILABLE.SESSION_LOOKUP_UNAVAILABLE.OVERLOADED"];
        };
    };
    listFiles: {
        parameters: {
            query?: {
                /**
                 * @description Returns only files of this category.
                 * @example container
                 */
                context_file_category?: string;
                /**
                 * @description Returns only files of this type.
                 * @example dockerfile
                 */
                context_file_type?: string;
                /**
                 * @description Maximum number of items per page. Without it, the complete list is returned.
                 * @example 20
                 */
                limit?: number;
                /**
                 * @description Position at which the page starts, from the `Link` header of the previous page.
                 * @example MC4x
                 */
                cursor?: string;
            };
            header?: {
                /**
                 * @description Entity tags, or `*`. If one matches the current `ETag`, the response is 304 without a body.
                 * @example "0"
                 */
                "If-None-Match"?: string;
            };
            path: {
                /**
                 * @description Id of the signed-in user.
                 * @example 1
                 */
                user_id: number;
                /**
                 * @description Id of one of the user's projects.
                 * @example 789
                 */
                project_id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The project's files. */
            200: {
                headers: {
                    Link: components["headers"]["Link"];
                    ETag: components["headers"]["ETag"];
                    "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                    "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                    "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FilesBody"];
                };
            };
            /** @description Not modified: `If-None-Match` matches the current `ETag`. */
            304: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                    "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                    "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["INVALID_REQUEST"];
            401: components["responses"]["UNAUTHORIZED"];
            403: components["responses"]["USER_MISMATCH"];
            404: components["responses"]["PROJECT_NOT_FOUND"];
            408: components["responses"]["REQUEST_TIMEOUT"];
            417: components["responses"]["EXPECTATION_FAILED"];
            429: components["responses"]["RATE_LIMITED"];
            431: components["responses"]["HEADERS_TOO_LARGE"];
            500: components["responses"]["INTERNAL"];
            503: components["responses"]["DATABASE_UNAVAILABLE.SESSION_LOOKUP_UNAVAILABLE.OVERLOADED"];
        };
    };
    createFile: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Makes the request safe to retry: for 24 hours, the same request with the same key returns the first response, if that was a success or 409 `PROJECT_FULL`. After any other error, a retry is executed.
                 * @example 8e03978e-40d5-43e8-bc93-6894a57f9324
                 */
                "Idempotency-Key"?: string;
            };
            path: {
                /**
                 * @description Id of the signed-in user.
                 * @example 1
                 */
                user_id: number;
                /**
                 * @description Id of one of the user's projects.
                 * @example 789
                 */
                project_id: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateFileBody"];
            };
        };
        responses: {
            /** @description The new file. */
            201: {
                headers: {
                    Location: components["headers"]["Location"];
                    ETag: components["headers"]["ETag"];
                    "Idempotency-Replayed": components["headers"]["Idempotency-Replayed"];
                    "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                    "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                    "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FileBody"];
                };
            };
            400: components["responses"]["INVALID_REQUEST"];
            401: components["responses"]["UNAUTHORIZED"];
            403: components["responses"]["USER_MISMATCH.CROSS_SITE_REQUEST"];
            404: components["responses"]["PROJECT_NOT_FOUND"];
            408: components["responses"]["REQUEST_TIMEOUT"];
            409: components["responses"]["PROJECT_FULL.IDEMPOTENCY_CONFLICT"];
            413: components["responses"]["PAYLOAD_TOO_LARGE"];
            415: components["responses"]["UNSUPPORTED_MEDIA_TYPE"];
            417: components["responses"]["EXPECTATION_FAILED"];
            422: components["responses"]["IDEMPOTENCY_KEY_REUSED"];
            429: components["responses"]["RATE_LIMITED"];
            431: components["responses"]["HEADERS_TOO_LARGE"];
            500: components["responses"]["INTERNAL"];
            503: components["responses"]["DATABASE_UNAVAILABLE.SESSION_LOOKUP_UNAVAILABLE.OVERLOADED"];
        };
    };
    getFile: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Entity tags, or `*`. If one matches the current `ETag`, the response is 304 without a body.
                 * @example "0"
                 */
                "If-None-Match"?: string;
            };
            path: {
                /**
                 * @description Id of the signed-in user.
                 * @example 1
                 */
                user_id: number;
                /**
                 * @description Id of one of the user's projects.
                 * @example 789
                 */
                project_id: number;
                /** @example 123 */
                context_file_id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The file. */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                    "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                    "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FileBody"];
                };
            };
            /** @description Not modified: `If-None-Match` matches the current `ETag`. */
            304: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                    "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                    "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["INVALID_REQUEST"];
            401: components["responses"]["UNAUTHORIZED"];
            403: components["responses"]["USER_MISMATCH"];
            404: components["responses"]["PROJECT_NOT_FOUND.FILE_NOT_FOUND"];
            408: components["responses"]["REQUEST_TIMEOUT"];
            417: components["responses"]["EXPECTATION_FAILED"];
            429: components["responses"]["RATE_LIMITED"];
            431: components["responses"]["HEADERS_TOO_LARGE"];
            500: components["responses"]["INTERNAL"];
            503: components["responses"]["DATABASE_UNAVAILABLE.SESSION_LOOKUP_UNAVAILABLE.OVERLOADED"];
        };
    };
    updateFile: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Entity tags, or `*`. If none matches the current `ETag`, nothing is changed and the response is 412.
                 * @example *
                 */
                "If-Match"?: string;
            };
            path: {
                /**
                 * @description Id of the signed-in user.
                 * @example 1
                 */
                user_id: number;
                /**
                 * @description Id of one of the user's projects.
                 * @example 789
                 */
                project_id: number;
                /** @example 123 */
                context_file_id: number;
            };
            cookie?: never;
        };
        /** @description At least one field is required. Absent fields are unchanged. Null counts as absent, except for `language` and `extension`. */
        requestBody: {
            content: {
                "application/json": components["schemas"]["UpdateFileBody"];
            };
        };
        responses: {
            /** @description The updated file. */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                    "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                    "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FileBody"];
                };
            };
            400: components["responses"]["INVALID_REQUEST"];
            401: components["responses"]["UNAUTHORIZED"];
            403: components["responses"]["USER_MISMATCH.CROSS_SITE_REQUEST"];
            404: components["responses"]["PROJECT_NOT_FOUND.FILE_NOT_FOUND"];
            408: components["responses"]["REQUEST_TIMEOUT"];
            409: components["responses"]["CONFLICT.PROJECT_FULL"];
            412: components["responses"]["PRECONDITION_FAILED"];
            413: components["responses"]["PAYLOAD_TOO_LARGE"];
            415: components["responses"]["UNSUPPORTED_MEDIA_TYPE"];
            417: components["responses"]["EXPECTATION_FAILED"];
            429: components["responses"]["RATE_LIMITED"];
            431: components["responses"]["HEADERS_TOO_LARGE"];
            500: components["responses"]["INTERNAL"];
            503: components["responses"]["DATABASE_UNAVAILABLE.SESSION_LOOKUP_UNAVAILABLE.OVERLOADED"];
        };
    };
    deleteFile: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Entity tags, or `*`. If none matches the current `ETag`, nothing is changed and the response is 412.
                 * @example *
                 */
                "If-Match"?: string;
            };
            path: {
                /**
                 * @description Id of the signed-in user.
                 * @example 1
                 */
                user_id: number;
                /**
                 * @description Id of one of the user's projects.
                 * @example 789
                 */
                project_id: number;
                /** @example 123 */
                context_file_id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success, without a body. */
            204: {
                headers: {
                    "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                    "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                    "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["INVALID_REQUEST"];
            401: components["responses"]["UNAUTHORIZED"];
            403: components["responses"]["USER_MISMATCH.CROSS_SITE_REQUEST"];
            404: components["responses"]["PROJECT_NOT_FOUND.FILE_NOT_FOUND"];
            408: components["responses"]["REQUEST_TIMEOUT"];
            409: components["responses"]["CONFLICT"];
            412: components["responses"]["PRECONDITION_FAILED"];
            413: components["responses"]["PAYLOAD_TOO_LARGE"];
            415: components["responses"]["UNSUPPORTED_MEDIA_TYPE"];
            417: components["responses"]["EXPECTATION_FAILED"];
            429: components["responses"]["RATE_LIMITED"];
            431: components["responses"]["HEADERS_TOO_LARGE"];
            500: components["responses"]["INTERNAL"];
            503: components["responses"]["DATABASE_UNAVAILABLE.SESSION_LOOKUP_UNAVAILABLE.OVERLOADED"];
        };
    };
    listUserFiles: {
        parameters: {
            query?: {
                /**
                 * @description Maximum number of items per page. Without it, the complete list is returned.
                 * @example 20
                 */
                limit?: number;
                /**
                 * @description Position at which the page starts, from the `Link` header of the previous page.
                 * @example OTk5OTk5OTk5OTk5OTk5OTk5
                 */
                cursor?: string;
            };
            header?: {
                /**
                 * @description Entity tags, or `*`. If one matches the current `ETag`, the response is 304 without a body.
                 * @example "0"
                 */
                "If-None-Match"?: string;
            };
            path: {
                /**
                 * @description Id of the signed-in user.
                 * @example 1
                 */
                user_id: number;
                /**
                 * @description Id of one of the user's projects.
                 * @example 789
                 */
                project_id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The project's user files. */
            200: {
                headers: {
                    Link: components["headers"]["Link"];
                    ETag: components["headers"]["ETag"];
                    "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                    "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                    "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UserFile"][];
                };
            };
            /** @description Not modified: `If-None-Match` matches the current `ETag`. */
            304: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                    "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                    "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["INVALID_REQUEST"];
            401: components["responses"]["UNAUTHORIZED"];
            403: components["responses"]["USER_MISMATCH"];
            404: components["responses"]["PROJECT_NOT_FOUND"];
            408: components["responses"]["REQUEST_TIMEOUT"];
            417: components["responses"]["EXPECTATION_FAILED"];
            429: components["responses"]["RATE_LIMITED"];
            431: components["responses"]["HEADERS_TOO_LARGE"];
            500: components["responses"]["INTERNAL"];
            503: components["responses"]["DATABASE_UNAVAILABLE.SESSION_LOOKUP_UNAVAILABLE.OVERLOADED"];
        };
    };
    linkUserFile: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Makes the request safe to retry: for 24 hours, the same request with the same key returns the first response, if that was a success or 409 `PROJECT_FULL`. After any other error, a retry is executed.
                 * @example 8e03978e-40d5-43e8-bc93-6894a57f9324
                 */
                "Idempotency-Key"?: string;
            };
            path: {
                /**
                 * @description Id of the signed-in user.
                 * @example 1
                 */
                user_id: number;
                /**
                 * @description Id of one of the user's projects.
                 * @example 789
                 */
                project_id: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["UserFileLink"] | components["schemas"]["NewUserFile"];
            };
        };
        responses: {
            /** @description The user file was already linked. */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "Idempotency-Replayed": components["headers"]["Idempotency-Replayed"];
                    "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                    "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                    "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UserFile"];
                };
            };
            /** @description The user file has been linked. */
            201: {
                headers: {
                    Location: components["headers"]["Location"];
                    ETag: components["headers"]["ETag"];
                    "Idempotency-Replayed": components["headers"]["Idempotency-Replayed"];
                    "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                    "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                    "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UserFile"];
                };
            };
            400: components["responses"]["INVALID_REQUEST"];
            401: components["responses"]["UNAUTHORIZED"];
            403: components["responses"]["USER_MISMATCH.CROSS_SITE_REQUEST"];
            404: components["responses"]["PROJECT_NOT_FOUND.RESOURCE_NOT_FOUND"];
            408: components["responses"]["REQUEST_TIMEOUT"];
            409: components["responses"]["PROJECT_FULL.IDEMPOTENCY_CONFLICT"];
            413: components["responses"]["PAYLOAD_TOO_LARGE"];
            415: components["responses"]["UNSUPPORTED_MEDIA_TYPE"];
            417: components["responses"]["EXPECTATION_FAILED"];
            422: components["responses"]["IDEMPOTENCY_KEY_REUSED"];
            429: components["responses"]["RATE_LIMITED"];
            431: components["responses"]["HEADERS_TOO_LARGE"];
            500: components["responses"]["INTERNAL"];
            503: components["responses"]["DATABASE_UNAVAILABLE.SESSION_LOOKUP_UNAVAILABLE.OVERLOADED"];
        };
    };
    getUserFile: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Entity tags, or `*`. If one matches the current `ETag`, the response is 304 without a body.
                 * @example "0"
                 */
                "If-None-Match"?: string;
            };
            path: {
                /**
                 * @description Id of the signed-in user.
                 * @example 1
                 */
                user_id: number;
                /**
                 * @description Id of one of the user's projects.
                 * @example 789
                 */
                project_id: number;
                /** @example 123 */
                resource_id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The user file. */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                    "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                    "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UserFile"];
                };
            };
            /** @description Not modified: `If-None-Match` matches the current `ETag`. */
            304: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                    "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                    "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["INVALID_REQUEST"];
            401: components["responses"]["UNAUTHORIZED"];
            403: components["responses"]["USER_MISMATCH"];
            404: components["responses"]["PROJECT_NOT_FOUND.RESOURCE_NOT_FOUND"];
            408: components["responses"]["REQUEST_TIMEOUT"];
            417: components["responses"]["EXPECTATION_FAILED"];
            429: components["responses"]["RATE_LIMITED"];
            431: components["responses"]["HEADERS_TOO_LARGE"];
            500: components["responses"]["INTERNAL"];
            503: components["responses"]["DATABASE_UNAVAILABLE.SESSION_LOOKUP_UNAVAILABLE.OVERLOADED"];
        };
    };
    unlinkUserFile: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Id of the signed-in user.
                 * @example 1
                 */
                user_id: number;
                /**
                 * @description Id of one of the user's projects.
                 * @example 789
                 */
                project_id: number;
                /** @example 123 */
                resource_id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success, without a body. */
            204: {
                headers: {
                    "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                    "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                    "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["INVALID_REQUEST"];
            401: components["responses"]["UNAUTHORIZED"];
            403: components["responses"]["USER_MISMATCH.CROSS_SITE_REQUEST"];
            404: components["responses"]["PROJECT_NOT_FOUND.RESOURCE_NOT_FOUND"];
            408: components["responses"]["REQUEST_TIMEOUT"];
            413: components["responses"]["PAYLOAD_TOO_LARGE"];
            415: components["responses"]["UNSUPPORTED_MEDIA_TYPE"];
            417: components["responses"]["EXPECTATION_FAILED"];
            429: components["responses"]["RATE_LIMITED"];
            431: components["responses"]["HEADERS_TOO_LARGE"];
            500: components["responses"]["INTERNAL"];
            503: components["responses"]["DATABASE_UNAVAILABLE.SESSION_LOOKUP_UNAVAILABLE.OVERLOADED"];
        };
    };
    listTemplateCollections: {
        parameters: {
            query?: {
                /**
                 * @description Maximum number of items per page. Without it, the complete list is returned.
                 * @example 20
                 */
                limit?: number;
                /**
                 * @description Position at which the page starts, from the `Link` header of the previous page.
                 * @example OTk5OTk5OTk5OTk5OTk5OTk5
                 */
                cursor?: string;
            };
            header?: {
                /**
                 * @description Entity tags, or `*`. If one matches the current `ETag`, the response is 304 without a body.
                 * @example "0"
                 */
                "If-None-Match"?: string;
            };
            path: {
                /**
                 * @description Id of the signed-in user.
                 * @example 1
                 */
                user_id: number;
                /**
                 * @description Id of one of the user's projects.
                 * @example 789
                 */
                project_id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The project's template collections. */
            200: {
                headers: {
                    Link: components["headers"]["Link"];
                    ETag: components["headers"]["ETag"];
                    "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                    "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                    "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TemplateCollection"][];
                };
            };
            /** @description Not modified: `If-None-Match` matches the current `ETag`. */
            304: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                    "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                    "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["INVALID_REQUEST"];
            401: components["responses"]["UNAUTHORIZED"];
            403: components["responses"]["USER_MISMATCH"];
            404: components["responses"]["PROJECT_NOT_FOUND"];
            408: components["responses"]["REQUEST_TIMEOUT"];
            417: components["responses"]["EXPECTATION_FAILED"];
            429: components["responses"]["RATE_LIMITED"];
            431: components["responses"]["HEADERS_TOO_LARGE"];
            500: components["responses"]["INTERNAL"];
            503: components["responses"]["DATABASE_UNAVAILABLE.SESSION_LOOKUP_UNAVAILABLE.OVERLOADED"];
        };
    };
    linkTemplateCollection: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Makes the request safe to retry: for 24 hours, the same request with the same key returns the first response, if that was a success or 409 `PROJECT_FULL`. After any other error, a retry is executed.
                 * @example 8e03978e-40d5-43e8-bc93-6894a57f9324
                 */
                "Idempotency-Key"?: string;
            };
            path: {
                /**
                 * @description Id of the signed-in user.
                 * @example 1
                 */
                user_id: number;
                /**
                 * @description Id of one of the user's projects.
                 * @example 789
                 */
                project_id: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["TemplateCollectionLink"] | components["schemas"]["NewTemplateCollection"];
            };
        };
        responses: {
            /** @description The template collection was already linked. */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "Idempotency-Replayed": components["headers"]["Idempotency-Replayed"];
                    "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                    "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                    "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TemplateCollection"];
                };
            };
            /** @description The template collection has been linked. */
            201: {
                headers: {
                    Location: components["headers"]["Location"];
                    ETag: components["headers"]["ETag"];
                    "Idempotency-Replayed": components["headers"]["Idempotency-Replayed"];
                    "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                    "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                    "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TemplateCollection"];
                };
            };
            400: components["responses"]["INVALID_REQUEST"];
            401: components["responses"]["UNAUTHORIZED"];
            403: components["responses"]["USER_MISMATCH.CROSS_SITE_REQUEST"];
            404: components["responses"]["PROJECT_NOT_FOUND.RESOURCE_NOT_FOUND"];
            408: components["responses"]["REQUEST_TIMEOUT"];
            409: components["responses"]["PROJECT_FULL.IDEMPOTENCY_CONFLICT"];
            413: components["responses"]["PAYLOAD_TOO_LARGE"];
            415: components["responses"]["UNSUPPORTED_MEDIA_TYPE"];
            417: components["responses"]["EXPECTATION_FAILED"];
            422: components["responses"]["IDEMPOTENCY_KEY_REUSED"];
            429: components["responses"]["RATE_LIMITED"];
            431: components["responses"]["HEADERS_TOO_LARGE"];
            500: components["responses"]["INTERNAL"];
            503: components["responses"]["DATABASE_UNAVAILABLE.SESSION_LOOKUP_UNAVAILABLE.OVERLOADED"];
        };
    };
    getTemplateCollection: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Entity tags, or `*`. If one matches the current `ETag`, the response is 304 without a body.
                 * @example "0"
                 */
                "If-None-Match"?: string;
            };
            path: {
                /**
                 * @description Id of the signed-in user.
                 * @example 1
                 */
                user_id: number;
                /**
                 * @description Id of one of the user's projects.
                 * @example 789
                 */
                project_id: number;
                /** @example 123 */
                resource_id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The template collection. */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                    "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                    "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TemplateCollection"];
                };
            };
            /** @description Not modified: `If-None-Match` matches the current `ETag`. */
            304: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                    "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                    "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["INVALID_REQUEST"];
            401: components["responses"]["UNAUTHORIZED"];
            403: components["responses"]["USER_MISMATCH"];
            404: components["responses"]["PROJECT_NOT_FOUND.RESOURCE_NOT_FOUND"];
            408: components["responses"]["REQUEST_TIMEOUT"];
            417: components["responses"]["EXPECTATION_FAILED"];
            429: components["responses"]["RATE_LIMITED"];
            431: components["responses"]["HEADERS_TOO_LARGE"];
            500: components["responses"]["INTERNAL"];
            503: components["responses"]["DATABASE_UNAVAILABLE.SESSION_LOOKUP_UNAVAILABLE.OVERLOADED"];
        };
    };
    unlinkTemplateCollection: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Id of the signed-in user.
                 * @example 1
                 */
                user_id: number;
                /**
                 * @description Id of one of the user's projects.
                 * @example 789
                 */
                project_id: number;
                /** @example 123 */
                resource_id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success, without a body. */
            204: {
                headers: {
                    "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                    "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                    "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["INVALID_REQUEST"];
            401: components["responses"]["UNAUTHORIZED"];
            403: components["responses"]["USER_MISMATCH.CROSS_SITE_REQUEST"];
            404: components["responses"]["PROJECT_NOT_FOUND.RESOURCE_NOT_FOUND"];
            408: components["responses"]["REQUEST_TIMEOUT"];
            413: components["responses"]["PAYLOAD_TOO_LARGE"];
            415: components["responses"]["UNSUPPORTED_MEDIA_TYPE"];
            417: components["responses"]["EXPECTATION_FAILED"];
            429: components["responses"]["RATE_LIMITED"];
            431: components["responses"]["HEADERS_TOO_LARGE"];
            500: components["responses"]["INTERNAL"];
            503: components["responses"]["DATABASE_UNAVAILABLE.SESSION_LOOKUP_UNAVAILABLE.OVERLOADED"];
        };
    };
    listGithubInstallations: {
        parameters: {
            query?: {
                /**
                 * @description Maximum number of items per page. Without it, the complete list is returned.
                 * @example 20
                 */
                limit?: number;
                /**
                 * @description Position at which the page starts, from the `Link` header of the previous page.
                 * @example OTk5OTk5OTk5OTk5OTk5OTk5
                 */
                cursor?: string;
            };
            header?: {
                /**
                 * @description Entity tags, or `*`. If one matches the current `ETag`, the response is 304 without a body.
                 * @example "0"
                 */
                "If-None-Match"?: string;
            };
            path: {
                /**
                 * @description Id of the signed-in user.
                 * @example 1
                 */
                user_id: number;
                /**
                 * @description Id of one of the user's projects.
                 * @example 789
                 */
                project_id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The project's GitHub installations. */
            200: {
                headers: {
                    Link: components["headers"]["Link"];
                    ETag: components["headers"]["ETag"];
                    "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                    "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                    "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GithubInstallation"][];
                };
            };
            /** @description Not modified: `If-None-Match` matches the current `ETag`. */
            304: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                    "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                    "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["INVALID_REQUEST"];
            401: components["responses"]["UNAUTHORIZED"];
            403: components["responses"]["USER_MISMATCH"];
            404: components["responses"]["PROJECT_NOT_FOUND"];
            408: components["responses"]["REQUEST_TIMEOUT"];
            417: components["responses"]["EXPECTATION_FAILED"];
            429: components["responses"]["RATE_LIMITED"];
            431: components["responses"]["HEADERS_TOO_LARGE"];
            500: components["responses"]["INTERNAL"];
            503: components["responses"]["DATABASE_UNAVAILABLE.SESSION_LOOKUP_UNAVAILABLE.OVERLOADED"];
        };
    };
    linkGithubInstallation: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Makes the request safe to retry: for 24 hours, the same request with the same key returns the first response, if that was a success or 409 `PROJECT_FULL`. After any other error, a retry is executed.
                 * @example 8e03978e-40d5-43e8-bc93-6894a57f9324
                 */
                "Idempotency-Key"?: string;
            };
            path: {
                /**
                 * @description Id of the signed-in user.
                 * @example 1
                 */
                user_id: number;
                /**
                 * @description Id of one of the user's projects.
                 * @example 789
                 */
                project_id: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["GithubInstallationLink"] | components["schemas"]["NewGithubInstallation"];
            };
        };
        responses: {
            /** @description The GitHub installation was already linked or recorded. */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "Idempotency-Replayed": components["headers"]["Idempotency-Replayed"];
                    "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                    "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                    "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GithubInstallation"];
                };
            };
            /** @description The GitHub installation has been linked. */
            201: {
                headers: {
                    Location: components["headers"]["Location"];
                    ETag: components["headers"]["ETag"];
                    "Idempotency-Replayed": components["headers"]["Idempotency-Replayed"];
                    "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                    "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                    "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GithubInstallation"];
                };
            };
            400: components["responses"]["INVALID_REQUEST"];
            401: components["responses"]["UNAUTHORIZED"];
            403: components["responses"]["USER_MISMATCH.CROSS_SITE_REQUEST.GITHUB_ACCESS_DENIED"];
            404: components["responses"]["PROJECT_NOT_FOUND.RESOURCE_NOT_FOUND"];
            408: components["responses"]["REQUEST_TIMEOUT"];
            409: components["responses"]["PROJECT_FULL.IDEMPOTENCY_CONFLICT"];
            413: components["responses"]["PAYLOAD_TOO_LARGE"];
            415: components["responses"]["UNSUPPORTED_MEDIA_TYPE"];
            417: components["responses"]["EXPECTATION_FAILED"];
            422: components["responses"]["IDEMPOTENCY_KEY_REUSED"];
            429: components["responses"]["RATE_LIMITED"];
            431: components["responses"]["HEADERS_TOO_LARGE"];
            500: components["responses"]["INTERNAL"];
            503: components["responses"]["DATABASE_UNAVAILABLE.SESSION_LOOKUP_UNAVAILABLE.OVERLOADED.GITHUB_UNAVAILABLE"];
        };
    };
    getGithubInstallation: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Entity tags, or `*`. If one matches the current `ETag`, the response is 304 without a body.
                 * @example "0"
                 */
                "If-None-Match"?: string;
            };
            path: {
                /**
                 * @description Id of the signed-in user.
                 * @example 1
                 */
                user_id: number;
                /**
                 * @description Id of one of the user's projects.
                 * @example 789
                 */
                project_id: number;
                /** @example 123 */
                resource_id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The GitHub installation. */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                    "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                    "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GithubInstallation"];
                };
            };
            /** @description Not modified: `If-None-Match` matches the current `ETag`. */
            304: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                    "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                    "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["INVALID_REQUEST"];
            401: components["responses"]["UNAUTHORIZED"];
            403: components["responses"]["USER_MISMATCH"];
            404: components["responses"]["PROJECT_NOT_FOUND.RESOURCE_NOT_FOUND"];
            408: components["responses"]["REQUEST_TIMEOUT"];
            417: components["responses"]["EXPECTATION_FAILED"];
            429: components["responses"]["RATE_LIMITED"];
            431: components["responses"]["HEADERS_TOO_LARGE"];
            500: components["responses"]["INTERNAL"];
            503: components["responses"]["DATABASE_UNAVAILABLE.SESSION_LOOKUP_UNAVAILABLE.OVERLOADED"];
        };
    };
    unlinkGithubInstallation: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Id of the signed-in user.
                 * @example 1
                 */
                user_id: number;
                /**
                 * @description Id of one of the user's projects.
                 * @example 789
                 */
                project_id: number;
                /** @example 123 */
                resource_id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success, without a body. */
            204: {
                headers: {
                    "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                    "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                    "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["INVALID_REQUEST"];
            401: components["responses"]["UNAUTHORIZED"];
            403: components["responses"]["USER_MISMATCH.CROSS_SITE_REQUEST"];
            404: components["responses"]["PROJECT_NOT_FOUND.RESOURCE_NOT_FOUND"];
            408: components["responses"]["REQUEST_TIMEOUT"];
            413: components["responses"]["PAYLOAD_TOO_LARGE"];
            415: components["responses"]["UNSUPPORTED_MEDIA_TYPE"];
            417: components["responses"]["EXPECTATION_FAILED"];
            429: components["responses"]["RATE_LIMITED"];
            431: components["responses"]["HEADERS_TOO_LARGE"];
            500: components["responses"]["INTERNAL"];
            503: components["responses"]["DATABASE_UNAVAILABLE.SESSION_LOOKUP_UNAVAILABLE.OVERLOADED"];
        };
    };
    listChatConversations: {
        parameters: {
            query?: {
                /**
                 * @description Maximum number of items per page. Without it, the complete list is returned.
                 * @example 20
                 */
                limit?: number;
                /**
                 * @description Position at which the page starts, from the `Link` header of the previous page.
                 * @example OTk5OTk5OTk5OTk5OTk5OTk5
                 */
                cursor?: string;
            };
            header?: {
                /**
                 * @description Entity tags, or `*`. If one matches the current `ETag`, the response is 304 without a body.
                 * @example "0"
                 */
                "If-None-Match"?: string;
            };
            path: {
                /**
                 * @description Id of the signed-in user.
                 * @example 1
                 */
                user_id: number;
                /**
                 * @description Id of one of the user's projects.
                 * @example 789
                 */
                project_id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The project's chat conversations. */
            200: {
                headers: {
                    Link: components["headers"]["Link"];
                    ETag: components["headers"]["ETag"];
                    "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                    "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                    "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ChatConversation"][];
                };
            };
            /** @description Not modified: `If-None-Match` matches the current `ETag`. */
            304: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                    "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                    "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["INVALID_REQUEST"];
            401: components["responses"]["UNAUTHORIZED"];
            403: components["responses"]["USER_MISMATCH"];
            404: components["responses"]["PROJECT_NOT_FOUND"];
            408: components["responses"]["REQUEST_TIMEOUT"];
            417: components["responses"]["EXPECTATION_FAILED"];
            429: components["responses"]["RATE_LIMITED"];
            431: components["responses"]["HEADERS_TOO_LARGE"];
            500: components["responses"]["INTERNAL"];
            503: components["responses"]["DATABASE_UNAVAILABLE.SESSION_LOOKUP_UNAVAILABLE.OVERLOADED"];
        };
    };
    linkChatConversation: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Makes the request safe to retry: for 24 hours, the same request with the same key returns the first response, if that was a success or 409 `PROJECT_FULL`. After any other error, a retry is executed.
                 * @example 8e03978e-40d5-43e8-bc93-6894a57f9324
                 */
                "Idempotency-Key"?: string;
            };
            path: {
                /**
                 * @description Id of the signed-in user.
                 * @example 1
                 */
                user_id: number;
                /**
                 * @description Id of one of the user's projects.
                 * @example 789
                 */
                project_id: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ChatConversationLink"] | components["schemas"]["NewChatConversation"];
            };
        };
        responses: {
            /** @description The chat conversation was already linked. */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "Idempotency-Replayed": components["headers"]["Idempotency-Replayed"];
                    "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                    "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                    "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ChatConversation"];
                };
            };
            /** @description The chat conversation has been linked. */
            201: {
                headers: {
                    Location: components["headers"]["Location"];
                    ETag: components["headers"]["ETag"];
                    "Idempotency-Replayed": components["headers"]["Idempotency-Replayed"];
                    "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                    "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                    "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ChatConversation"];
                };
            };
            400: components["responses"]["INVALID_REQUEST"];
            401: components["responses"]["UNAUTHORIZED"];
            403: components["responses"]["USER_MISMATCH.CROSS_SITE_REQUEST"];
            404: components["responses"]["PROJECT_NOT_FOUND.RESOURCE_NOT_FOUND"];
            408: components["responses"]["REQUEST_TIMEOUT"];
            409: components["responses"]["PROJECT_FULL.IDEMPOTENCY_CONFLICT"];
            413: components["responses"]["PAYLOAD_TOO_LARGE"];
            415: components["responses"]["UNSUPPORTED_MEDIA_TYPE"];
            417: components["responses"]["EXPECTATION_FAILED"];
            422: components["responses"]["IDEMPOTENCY_KEY_REUSED"];
            429: components["responses"]["RATE_LIMITED"];
            431: components["responses"]["HEADERS_TOO_LARGE"];
            500: components["responses"]["INTERNAL"];
            503: components["responses"]["DATABASE_UNAVAILABLE.SESSION_LOOKUP_UNAVAILABLE.OVERLOADED"];
        };
    };
    getChatConversation: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Entity tags, or `*`. If one matches the current `ETag`, the response is 304 without a body.
                 * @example "0"
                 */
                "If-None-Match"?: string;
            };
            path: {
                /**
                 * @description Id of the signed-in user.
                 * @example 1
                 */
                user_id: number;
                /**
                 * @description Id of one of the user's projects.
                 * @example 789
                 */
                project_id: number;
                /** @example 123 */
                resource_id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The chat conversation. */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                    "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                    "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ChatConversation"];
                };
            };
            /** @description Not modified: `If-None-Match` matches the current `ETag`. */
            304: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                    "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                    "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["INVALID_REQUEST"];
            401: components["responses"]["UNAUTHORIZED"];
            403: components["responses"]["USER_MISMATCH"];
            404: components["responses"]["PROJECT_NOT_FOUND.RESOURCE_NOT_FOUND"];
            408: components["responses"]["REQUEST_TIMEOUT"];
            417: components["responses"]["EXPECTATION_FAILED"];
            429: components["responses"]["RATE_LIMITED"];
            431: components["responses"]["HEADERS_TOO_LARGE"];
            500: components["responses"]["INTERNAL"];
            503: components["responses"]["DATABASE_UNAVAILABLE.SESSION_LOOKUP_UNAVAILABLE.OVERLOADED"];
        };
    };
    unlinkChatConversation: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Id of the signed-in user.
                 * @example 1
                 */
                user_id: number;
                /**
                 * @description Id of one of the user's projects.
                 * @example 789
                 */
                project_id: number;
                /** @example 123 */
                resource_id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success, without a body. */
            204: {
                headers: {
                    "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                    "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                    "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["INVALID_REQUEST"];
            401: components["responses"]["UNAUTHORIZED"];
            403: components["responses"]["USER_MISMATCH.CROSS_SITE_REQUEST"];
            404: components["responses"]["PROJECT_NOT_FOUND.RESOURCE_NOT_FOUND"];
            408: components["responses"]["REQUEST_TIMEOUT"];
            413: components["responses"]["PAYLOAD_TOO_LARGE"];
            415: components["responses"]["UNSUPPORTED_MEDIA_TYPE"];
            417: components["responses"]["EXPECTATION_FAILED"];
            429: components["responses"]["RATE_LIMITED"];
            431: components["responses"]["HEADERS_TOO_LARGE"];
            500: components["responses"]["INTERNAL"];
            503: components["responses"]["DATABASE_UNAVAILABLE.SESSION_LOOKUP_UNAVAILABLE.OVERLOADED"];
        };
    };
    listGithubRepositories: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Entity tags, or `*`. If one matches the current `ETag`, the response is 304 without a body.
                 * @example "0"
                 */
                "If-None-Match"?: string;
            };
            path: {
                /**
                 * @description Id of the signed-in user.
                 * @example 1
                 */
                user_id: number;
                /**
                 * @description Id of one of the user's projects.
                 * @example 789
                 */
                project_id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The repositories. */
            200: {
                headers: {
                    "X-Installations-Failed": components["headers"]["X-Installations-Failed"];
                    ETag: components["headers"]["ETag"];
                    "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                    "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                    "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GithubRepositoriesBody"];
                };
            };
            /** @description Not modified: `If-None-Match` matches the current `ETag`. */
            304: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                    "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                    "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["INVALID_REQUEST"];
            401: components["responses"]["UNAUTHORIZED"];
            403: components["responses"]["USER_MISMATCH"];
            404: components["responses"]["PROJECT_NOT_FOUND.NO_GITHUB_INSTALLATION"];
            408: components["responses"]["REQUEST_TIMEOUT"];
            417: components["responses"]["EXPECTATION_FAILED"];
            429: components["responses"]["RATE_LIMITED"];
            431: components["responses"]["HEADERS_TOO_LARGE"];
            500: components["responses"]["INTERNAL"];
            503: components["responses"]["DATABASE_UNAVAILABLE.SESSION_LOOKUP_UNAVAILABLE.OVERLOADED.GITHUB_UNAVAILABLE"];
        };
    };
    receiveGithubWebhook: {
        parameters: {
            query?: never;
            header: {
                /**
                 * @description Name of the event.
                 * @example installation
                 */
                "X-GitHub-Event": string;
                /**
                 * @description Id of the delivery.
                 * @example 72d3162e-cc78-11e3-81ab-4c9367dc0958
                 */
                "X-GitHub-Delivery": string;
            };
            path?: never;
            cookie?: never;
        };
        /** @description Payload of the event: https://docs.github.com/en/webhooks/webhook-events-and-payloads */
        requestBody: {
            content: {
                "application/json": components["schemas"]["GithubWebhook"];
            };
        };
        responses: {
            /** @description The delivery was processed, now or earlier. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookOutcome"];
                };
            };
            /** @description The event or action is not handled, or it is the rename of an enterprise. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookOutcome"];
                };
            };
            400: components["responses"]["INVALID_REQUEST"];
            401: components["responses"]["UNAUTHORIZED"];
            408: components["responses"]["REQUEST_TIMEOUT"];
            413: components["responses"]["PAYLOAD_TOO_LARGE"];
            415: components["responses"]["UNSUPPORTED_MEDIA_TYPE"];
            417: components["responses"]["EXPECTATION_FAILED"];
            429: components["responses"]["RATE_LIMITED"];
            431: components["responses"]["HEADERS_TOO_LARGE"];
            500: components["responses"]["INTERNAL"];
            503: components["responses"]["DATABASE_UNAVAILABLE.OVERLOADED"];
        };
    };
}
