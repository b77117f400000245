import type { ResourceDescriptor } from './descriptor.js'
import { chatConversations } from './descriptors/chat-conversations.js'
import { githubInstallations } from './descriptors/github-installations.js'
import { templateCollections } from './descriptors/template-collections.js'
import { userFiles } from './descriptors/user-files.js'

/** All resource types that a project can link. */
export const RESOURCE_DESCRIPTORS: readonly ResourceDescriptor[] = [
  userFiles,
  templateCollections,
  githubInstallations,
  chatConversations,
]
