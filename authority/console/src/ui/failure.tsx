/** What the server has refused, and what can be done about it. */
import { Failed } from '../api'
import { useState } from 'preact/hooks'

/** What a person is told; the server's own sentence, but where it speaks to programs. */
export function explained(error: unknown): string {
  if (!(error instanceof Failed)) return error instanceof Error ? error.message : String(error)
  const wait = error.retryAfter ? ` Try again in ${error.retryAfter} s.` : ''
  switch (error.code) {
    case 'login_failed':
      return 'The name or the password is wrong.'
    case 'logins_throttled':
      return `Too many attempts.${wait}`
    case 'insufficient_scope':
      return 'Your roles do not permit this.'
    case 'exceeds_permissions':
      return 'This would give permissions that you do not hold yourself.'
    case 'name_taken':
      return 'This name is taken.'
    default:
      return sentence(error.message) + (error.status === 429 ? wait : '')
  }
}

function sentence(text: string): string {
  const bare = text.replace(/^[a-zA-Z]+: /, '').trim()
  const upper = bare.charAt(0).toUpperCase() + bare.slice(1)
  return /[.!?]$/.test(upper) ? upper : `${upper}.`
}

export function Failure({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  if (!error) return null
  return (
    <div class="failure" role="alert">
      <p>{explained(error)}</p>
      {onRetry && (
        <button type="button" onClick={onRetry}>
          Try again
        </button>
      )}
    </div>
  )
}

/** Something that is under way, and what came of it. */
export function useWork(): { busy: boolean; error: unknown; run: (work: () => Promise<void>) => void; clear: () => void } {
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>(undefined)
  const run = (work: () => Promise<void>) => {
    if (busy) return
    setBusy(true)
    setError(undefined)
    work()
      .catch(setError)
      .finally(() => setBusy(false))
  }
  return { busy, error, run, clear: () => setError(undefined) }
}

/** What is wrong with one field, where that is known. */
export function wrongWith(error: unknown, ...fields: string[]): string | undefined {
  return error instanceof Failed && error.field && fields.includes(error.field) ? explained(error) : undefined
}
