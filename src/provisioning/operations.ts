import { RESOURCE_DESCRIPTORS } from '../projects-resources/resources/index.js'
import type { Operation } from './operation.js'
import { projectOperations } from './project-operations.js'
import { resourceOperations } from './resource-operations.js'
import { sessionOperations } from './session-operations.js'
import { userOperations } from './user-operations.js'

/** All operations. Each has a route and can be part of a sync. */
export const OPERATIONS: Operation[] = [
  ...userOperations,
  ...projectOperations,
  ...sessionOperations,
  ...RESOURCE_DESCRIPTORS.flatMap(resourceOperations),
]
