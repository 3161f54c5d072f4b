/** A server that answers as a test says, and keeps what it was asked. */
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import { port } from './http.js'
import { atTheEnd } from './support.js'

/** A request as it came. */
export interface Asked {
  method: string
  /** The path with its query, as it was written. */
  target: string
  query: URLSearchParams
  headers: IncomingHttpHeaders
  body: unknown
}

/** An answer: its status, its body (a text as it is, anything else as JSON), its headers; or what is done with the response itself. */
export type Answer =
  | { status?: number; body?: unknown; headers?: Record<string, string> }
  | ((response: ServerResponse) => void)

export interface Scripted {
  url: string
  asked: Asked[]
  /** Says how to answer from now on. */
  answer(how: (asked: Asked) => Answer): void
}

/** The secret that clients of these servers have. */
export const TOKEN = 'gpr_8fK2mQ0aZx71_d9Jw0Qb3yVn5uTz1KcXe7Lg2Rh4Ms6p0ghEG1'

export async function scripted(): Promise<Scripted> {
  let how: (asked: Asked) => Answer = () => ({ status: 404 })
  const asked: Asked[] = []
  const server = createServer(async (request, response) => {
    let text = ''
    for await (const part of request.setEncoding('utf8')) text += part
    const { method = '', url: target = '', headers } = request
    const query = new URL(target, 'http://localhost').searchParams
    const seen = { method, target, query, headers, body: text === '' ? undefined : JSON.parse(text) }
    asked.push(seen)
    const answer = how(seen)
    if (typeof answer === 'function') return answer(response)
    const { status = 200, body, headers: more } = answer
    response.writeHead(status, { 'content-type': 'application/json', ...more })
    response.end(typeof body === 'string' ? body : body === undefined ? '' : JSON.stringify(body))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  atTheEnd(() => {
    server.closeAllConnections()
    server.close()
  })
  return {
    url: `http://127.0.0.1:${port(server).port}`,
    asked,
    answer(next) {
      how = next
      asked.length = 0
    },
  }
}

/** Waits until something is so, for 5 s at the most. */
export async function eventually(holds: () => boolean): Promise<void> {
  for (let tries = 0; !holds(); tries += 1) {
    if (tries > 500) throw new Error('it did not come to be in 5 s')
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
