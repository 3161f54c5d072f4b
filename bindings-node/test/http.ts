/** Requests as a client sends them, to the byte. */
import type { AddressInfo } from 'node:net'
import { connect } from 'node:net'

/** An answer, read until the server closes. */
export interface Answered {
  status: number
  headers: Headers
  body: string
}

/** Sends a request with these headers, several of a name where several are given. */
export async function get(at: { port: number }, path: string, headers: [string, string][] = []): Promise<Answered> {
  return await new Promise((resolve, reject) => {
    const socket = connect(at.port, '127.0.0.1')
    let text = ''
    socket.setEncoding('latin1')
    socket.on('error', reject)
    socket.on('data', (part) => {
      text += part
    })
    socket.on('end', () => {
      const [head = '', body = ''] = text.split(/\r\n\r\n/, 2)
      const [first = '', ...lines] = head.split('\r\n')
      const pairs = lines.map((line): [string, string] => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()])
      const answered = new Headers(pairs)
      resolve({ status: Number(first.split(' ')[1]), headers: answered, body: chunked(answered, body) })
    })
    const lines = [`GET ${path} HTTP/1.1`, 'Host: localhost', 'Connection: close', ...headers.map((pair) => pair.join(': '))]
    socket.write(`${lines.join('\r\n')}\r\n\r\n`, 'latin1')
  })
}

function chunked(headers: Headers, body: string): string {
  if (headers.get('transfer-encoding') !== 'chunked') return body
  let text = ''
  for (let rest = body; rest !== ''; ) {
    const end = rest.indexOf('\r\n')
    const length = Number.parseInt(rest, 16)
    if (!length) break
    text += rest.slice(end + 2, end + 2 + length)
    rest = rest.slice(end + 4 + length)
  }
  return text
}

/** Where a server listens. */
export function port(server: { address(): string | AddressInfo | null }): { port: number } {
  return server.address() as AddressInfo
}
