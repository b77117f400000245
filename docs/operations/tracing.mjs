// Traces requests with OpenTelemetry. The service does not depend on these packages: install them beside it, and preload
// this file. See docs/operations.md, Tracing.
import { FastifyOtelInstrumentation } from '@fastify/otel'
import { PgInstrumentation } from '@opentelemetry/instrumentation-pg'
import { NodeSDK } from '@opentelemetry/sdk-node'

const sdk = new NodeSDK({
  serviceName: 'neptun-projects-resources',
  instrumentations: [
    // With a span for each hook, a request would have about 20 spans.
    new FastifyOtelInstrumentation({ registerOnInitialization: true, instrumentHooks: false }),
    new PgInstrumentation({ ignoreConnectSpans: true }),
  ],
})
sdk.start()
