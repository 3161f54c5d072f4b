// Spans for calls, and the trace that goes with them, by what Node.js has for it: node:diagnostics_channel. Gatepass needs
// no OpenTelemetry for that, and does nothing for it while nobody subscribes.
//
// GATEPASS_URL=https://auth-1:8443 GATEPASS_TOKEN_FILE=/run/secrets/gatepass node opentelemetry.mjs
import { context, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { ConsoleSpanExporter, NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node'
import { channels, connect, file } from 'gatepass'

const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(new ConsoleSpanExporter())] })
provider.register()
const tracer = trace.getTracer('gatepass')

/** @type {WeakMap<object, import('@opentelemetry/api').Span>} */
const spans = new WeakMap()
channels.call.subscribe({
  start(message) {
    const span = tracer.startSpan(`gatepass ${message.operation}`, { kind: SpanKind.CLIENT })
    span.setAttribute('server.address', message.place)
    spans.set(message, span)
    // traceparent and tracestate are set on the message, and sent with the requests of this call.
    propagation.inject(trace.setSpan(context.active(), span), message)
  },
  error(message) {
    spans.get(message)?.setStatus({ code: SpanStatusCode.ERROR, message: String(message.error) })
  },
  asyncEnd(message) {
    spans.get(message)?.end()
  },
  end() {},
  asyncStart() {},
})

const credential = file(process.env.GATEPASS_TOKEN_FILE ?? 'gatepass.token')
const gp = await connect({ urls: process.env.GATEPASS_URL ?? 'http://127.0.0.1:8443', credential })
await tracer.startActiveSpan('nightly job', async (span) => {
  const { kind, name } = await gp.myself()
  console.log(`${kind} ${name}, in trace ${span.spanContext().traceId}`)
  span.end()
})
await gp.close()
await provider.shutdown()
