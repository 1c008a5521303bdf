import type { paths } from './openapi'

/** A refusal of the API (RFC 9457) or of the network: `code` is stable, the rest is for people. */
export class Problem extends Error {
  readonly code: string
  readonly status: number
  readonly detail?: string
  readonly place?: string
  readonly rule?: string
  readonly retryAfterS?: number

  constructor(code: string, status: number, members: Partial<Problem> & { retry_after_s?: number } = {}) {
    super(members.detail ?? code)
    this.code = code
    this.status = status
    this.detail = members.detail
    this.place = members.place
    this.rule = members.rule
    this.retryAfterS = members.retry_after_s
  }

  /** Whether nothing was heard, or not in time: the request may be sent again, with the same key, later. */
  get isOffline(): boolean {
    return this.code === 'offline' || this.code === 'slow'
  }
}

type Method = 'get' | 'post' | 'put' | 'delete'
type PathsWith<M extends Method> = { [P in keyof paths]: paths[P][M] extends object ? P : never }[keyof paths]
type Operation<P extends keyof paths, M extends Method> = paths[P][M]
type Json<C> = C extends { content: { 'application/json': infer B } } ? B : never
type BodyOf<O> = O extends { requestBody: infer R } ? Json<R> : O extends { requestBody?: infer R } ? Json<NonNullable<R>> : never
type Good<R> = { [S in keyof R]: S extends 200 | 201 | 202 ? Json<R[S]> : never }[keyof R]
type AnswerOf<O> = O extends { responses: infer R } ? Good<R> : never

export interface Asked<B = unknown> {
  /** Values of the names in braces in the path. */
  path?: Record<string, string>
  query?: Record<string, string | number | boolean | undefined>
  body?: B
  /** The same at every retry of one wish: the server then does it once. */
  key?: string
  signal?: AbortSignal
  /** What an earlier log-in left here: lets the next one in from a network whose rate others have used up. */
  knownMark?: string
  /** Sent as they are, in place of a body: part of a file. */
  octets?: Blob
  /** A company's log-in. */
  basic?: { user: string; password: string }
  /** Sent as a form, where the standard demands one (RFC 6749). */
  form?: Record<string, string>
}

/** Seconds the phone's clock is ahead of the server's, as last heard; null before the first answer. */
export let clockAheadMs: number | null = null

/** Called when the server no longer knows the login. */
let onLoggedOut: () => void = () => undefined
export function whenLoggedOut(act: () => void): void {
  onLoggedOut = act
}

/** So long nothing is heard, at any part of an answer, before a person is told. */
const patienceMs = 20_000
/** Octets a millisecond that the slowest network carries up: a photo takes longer than a question. */
const slowestUp = 10

/** One call of the API of this face. Throws Problem: `offline` without a network, `slow` where an answer stopped coming for
 *  20 seconds. */
export async function ask<M extends Method, P extends PathsWith<M> & string>(
  method: M,
  path: P,
  asked: Asked<BodyOf<Operation<P, M>>> = {},
): Promise<AnswerOf<Operation<P, M>>> {
  const octets = await send(method, path, asked)
  return (octets.length ? JSON.parse(new TextDecoder().decode(octets)) : undefined) as AnswerOf<Operation<P, M>>
}

/** The same for an answer that is no JSON: a picture, a signed bundle. */
export async function askOctets(path: string, asked: Asked = {}): Promise<Uint8Array> {
  return send('get', path, asked)
}

/** What is still to be told of a login that was ended here: the path that ends it on the server, or none. */
const due = 'log-out-due'
let ending: Promise<void> | null = null

/** The login ends, on the server and in this browser. Its cookie is out of every script's reach: without a network it goes with
 *  the first answer there is, and nothing else is asked before. */
export async function endLogin(path: '/holder/sessions/current' | '/staff/sessions/current' | ''): Promise<void> {
  localStorage.setItem(due, path)
  await endDue().catch(() => undefined)
}

function endDue(): Promise<void> {
  ending ??= tellDue().finally(() => (ending = null))
  return ending
}

async function tellDue(): Promise<void> {
  const path = localStorage.getItem(due)
  if (path === null) return
  for (const ended of path ? [path, '/cookie'] : ['/cookie']) {
    const response = await fetch(`/api${ended}`, { method: 'DELETE', signal: patience() }).catch(() => null)
    // A login that had ended by itself is as good; the cookie is only gone when we hear so.
    if (!response || (ended === '/cookie' && !response.ok)) throw new Problem('offline', 0)
  }
  localStorage.removeItem(due)
}

addEventListener('online', () => void endDue().catch(() => undefined))
void endDue().catch(() => undefined)

/** Gives up after 20 seconds. Browsers we still serve have no AbortSignal.timeout. */
function patience(): AbortSignal {
  const giving = new AbortController()
  setTimeout(() => giving.abort(), patienceMs)
  return giving.signal
}

async function send(method: Method, path: string, asked: Asked): Promise<Uint8Array> {
  let address = path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(asked.path?.[name] ?? ''))
  const query = Object.entries(asked.query ?? {}).filter(([, value]) => value !== undefined)
  if (query.length) address += `?${new URLSearchParams(query.map(([name, value]) => [name, String(value)]))}`
  const headers: Record<string, string> = { 'X-Phone-Time': String(Date.now()) }
  let body: BodyInit | undefined
  if (asked.form) {
    body = new URLSearchParams(asked.form)
  } else if (asked.octets) {
    headers['Content-Type'] = 'application/octet-stream'
    body = asked.octets
  } else if (asked.body !== undefined) {
    headers['Content-Type'] = 'application/json'
    body = JSON.stringify(asked.body)
  }
  if (asked.key) headers['Idempotency-Key'] = asked.key
  if (asked.knownMark) headers['X-Known-Mark'] = asked.knownMark
  if (asked.basic) headers.Authorization = `Basic ${btoa(`${asked.basic.user}:${asked.basic.password}`)}`
  if (navigator.onLine === false) throw new Problem('offline', 0)
  if (localStorage.getItem(due) !== null) await endDue()
  const stopping = new AbortController()
  asked.signal?.addEventListener('abort', () => stopping.abort())
  let isLate = false
  let timer: ReturnType<typeof setTimeout> | undefined
  const wait = (ms: number): void => {
    clearTimeout(timer)
    timer = setTimeout(() => {
      isLate = true
      stopping.abort()
    }, ms)
  }
  const size = body instanceof Blob ? body.size : String(body ?? '').length
  wait(patienceMs + size / slowestUp)
  let response: Response
  let octets: Uint8Array
  try {
    response = await fetch(`/api${address}`, {
      method: method.toUpperCase(), headers, body, signal: stopping.signal, credentials: 'same-origin', cache: 'no-store',
    })
    octets = await read(response, () => wait(patienceMs))
  } catch {
    throw new Problem(isLate ? 'slow' : 'offline', 0)
  } finally {
    clearTimeout(timer)
  }
  const offset = response.headers.get('x-phone-clock-offset')
  if (offset !== null) clockAheadMs = Number(offset)
  if (response.ok) return octets
  throw problemOf(response.status, octets, `${method} ${path}`)
}

/** The whole answer; `heard` at each part of it, as one that begins may still stop half-way. */
async function read(response: Response, heard: () => void): Promise<Uint8Array> {
  heard()
  if (!response.body) return new Uint8Array()
  const parts: Uint8Array[] = []
  const reader = response.body.getReader()
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    parts.push(part.value)
    heard()
  }
  const octets = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    octets.set(part, at)
    at += part.length
  }
  return octets
}

/** Where a 401 says that what was typed is wrong, not that a login has ended. */
const opens = /^post (.*\/(sessions|accounts|password-resets|token)|\/staff\/enrolments.*|\/staff\/sessions\/current\/proofs)$/

function problemOf(status: number, octets: Uint8Array, asked: string): Problem {
  let members: Record<string, never> = {}
  try {
    members = JSON.parse(new TextDecoder().decode(octets))
  } catch {
    // A proxy's own page: the status says enough.
  }
  const found = new Problem(String(members.code ?? `http-${status}`), status, members)
  if (found.code === 'not-authenticated' && !opens.test(asked)) onLoggedOut()
  return found
}

/** A key for one wish: made once, sent with every retry of it. */
export function newKey(): string {
  return crypto.randomUUID()
}

export function base64url(octets: Uint8Array): string {
  let text = ''
  for (const octet of octets) text += String.fromCharCode(octet)
  return btoa(text).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')
}

export function fromBase64url(text: string): Uint8Array {
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'))
  return Uint8Array.from(binary, (letter) => letter.charCodeAt(0))
}
