// Traces requests with OpenTelemetry. The service itself does not need these packages: install them beside it, and load this
// file first. See README.md, Tracing.
import { FastifyOtelInstrumentation } from '@fastify/otel'
import { PgInstrumentation } from '@opentelemetry/instrumentation-pg'
import { NodeSDK } from '@opentelemetry/sdk-node'

const sdk = new NodeSDK({
  serviceName: 'neptun-projects-resources',
  instrumentations: [new FastifyOtelInstrumentation({ registerOnInitialization: true }), new PgInstrumentation()],
})
sdk.start()
process.once('beforeExit', () => sdk.shutdown())
