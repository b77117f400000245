// Traces requests with OpenTelemetry. The service itself does not need these packages: install them beside it, and load this
// file first. See README.md, Tracing.
import { FastifyOtelInstrumentation } from '@fastify/otel'
import { PgInstrumentation } from '@opentelemetry/instrumentation-pg'
import { NodeSDK } from '@opentelemetry/sdk-node'

const sdk = new NodeSDK({
  serviceName: 'neptun-projects-resources',
  instrumentations: [
    // A span for each hook would be 20 spans of a request.
    new FastifyOtelInstrumentation({ registerOnInitialization: true, instrumentHooks: false }),
    new PgInstrumentation({ ignoreConnectSpans: true }),
  ],
})
sdk.start()
