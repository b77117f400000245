import { chatConversations } from './chat-conversations.js'
import type { LinkDescriptor } from './descriptor.js'
import { githubInstallations } from './github-installations.js'
import { templateCollections } from './template-collections.js'
import { userFiles } from './user-files.js'

/** Every type of resource that a project can link. */
export const LINK_DESCRIPTORS: readonly LinkDescriptor[] = [
  userFiles,
  templateCollections,
  githubInstallations,
  chatConversations,
]
