/** An issuer of JWTs on loopback, as small as one can be, which does what it is told: rotate, be slow, broken, huge or gone. */
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { ExternalTokenValidator } from 'gatepass'
import { atTheEnd } from './support.js'

/** What it answers where it is asked for keys. */
export type Answer = 'keys' | 'html' | 'huge' | 'error' | 'redirect' | 'never'

export class Issuer {
  readonly #server: Server
  #keys: { kid: string; jwk: object; key: KeyObject }[] = []
  #made = 0
  #port = 0
  /** What it answers from now on. */
  answer: Answer = 'keys'
  /** How long it takes to, in milliseconds. */
  delay = 0
  /** How often its keys were asked for. */
  asked = 0

  private constructor(server: Server) {
    this.#server = server
  }

  /** Starts one, with one key. */
  static async start(): Promise<Issuer> {
    const server = createServer()
    const issuer = new Issuer(server)
    issuer.rotate()
    server.on('request', (request, response) => {
      if (request.url !== '/jwks') {
        const { url } = issuer
        response.setHeader('content-type', 'application/json')
        response.end(JSON.stringify({ issuer: url, jwks_uri: `${url}/jwks` }))
        return
      }
      issuer.asked += 1
      setTimeout(() => {
        switch (issuer.answer) {
          case 'keys':
            response.setHeader('content-type', 'application/json')
            return response.end(JSON.stringify({ keys: issuer.#keys.map(({ jwk }) => jwk) }))
          case 'html':
            response.setHeader('content-type', 'text/html')
            return response.end('<!doctype html><title>Sign in</title>')
          case 'huge':
            response.setHeader('content-type', 'application/json')
            return response.end(`{"keys": [${' '.repeat(2 << 20)}]}`)
          case 'error':
            return response.writeHead(500).end()
          case 'redirect':
            return response.writeHead(302, { location: `${issuer.url}/jwks?` }).end()
          case 'never':
            return undefined
        }
      }, issuer.delay)
    })
    await issuer.listen()
    atTheEnd(() => issuer.stop())
    return issuer
  }

  /** Comes back, where it was before. */
  async listen(): Promise<void> {
    this.#server.listen(this.#port, '127.0.0.1')
    await once(this.#server, 'listening')
    this.#port = (this.#server.address() as AddressInfo).port
  }

  async stop(): Promise<void> {
    if (!this.#server.listening) return
    this.#server.close()
    this.#server.closeAllConnections()
    await once(this.#server, 'close')
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  /** Signs with a new key from now on; the ones before leave at once. */
  rotate(): void {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    this.#made += 1
    const kid = `k${this.#made}`
    this.#keys = [{ kid, jwk: { ...publicKey.export({ format: 'jwk' }), kid, alg: 'ES256', use: 'sig' }, key: privateKey }]
  }

  /** A validator that accepts its tokens. */
  validator(more: Partial<ExternalTokenValidator> = {}): ExternalTokenValidator {
    const discoveryUrl = `${this.url}/.well-known/openid-configuration`
    return { name: 'idp', api: 'rest', discoveryUrl, expectedAudience: 'directory', ...more }
  }

  /** A token that is good for a minute, with these claims. */
  token(claims: object = {}, header: object = {}): string {
    const newest = this.#keys[0] as { kid: string; key: KeyObject }
    const now = Math.floor(Date.now() / 1000)
    const usual = { iss: this.url, sub: 'ada', aud: 'directory', iat: now, exp: now + 60, scope: 'orders:read' }
    const parts = [{ alg: 'ES256', typ: 'JWT', kid: newest.kid, ...header }, { ...usual, ...claims }]
    const signed = parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')
    const signature = sign('sha256', Buffer.from(signed), { key: newest.key, dsaEncoding: 'ieee-p1363' })
    return `${signed}.${signature.toString('base64url')}`
  }

  /** The same, as a header. */
  header(...made: Parameters<Issuer['token']>): string {
    return `Bearer ${this.token(...made)}`
  }
}
