// Loaded before the service itself: loads what takes most of the time while its database is not ready yet, then waits
// for the word to go on. The environment that comes with it is what the service reads.
const go = new Promise<NodeJS.ProcessEnv>((resolve) => process.once('message', resolve))
const orphaned = () => process.exit(1)

process.once('disconnect', orphaned)
await import('../app.js')
Object.assign(process.env, await go)
process.off('disconnect', orphaned)

export {}
