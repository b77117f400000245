/** The service, and the header with the user's session. */
export interface Session {
  baseUrl: string
  cookie: string
}

/** An emoji is two UTF-16 code units. A generated pattern must not mistake them for unpaired surrogates. */
export const body = { source_type: 'github', source_path: 'UserName/repository', title: 'Rocket 🚀' } as const
export const CHANGE = { title: null, description: 'Two lines\nwith ünïcödé' }
export const LINK = { user_file_id: 123 }
