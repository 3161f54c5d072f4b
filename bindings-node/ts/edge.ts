import { GatepassError } from './error.js'

throw new GatepassError({
  kind: 'unsupported',
  code: 'unsupported_runtime',
  message:
    'gatepass checks tokens in native code, which edge runtimes and browsers do not load. ' +
    'Check them in a Node.js service, or ask an authority there: /oauth2/introspect (RFC 7662).',
  retryable: false,
})
