/** A validator tried out: can its keys be fetched, and what does it say of a token? */
import { useEffect, useState } from 'preact/hooks'
import { call, under, VALIDATOR_TESTS } from '../api'
import { Both, Instant } from '../time'
import { Dialog } from '../ui/dialog'
import { Failure, useWork } from '../ui/failure'
import { Field } from '../ui/field'
import { Name, plural, shown } from '../ui/text'
import type { KeyReport, ValidatorTest } from '../wire'

const attempt = (name: string, token = '') =>
  call<ValidatorTest>('POST', under(VALIDATOR_TESTS, name, 'test'), { body: token ? { token } : {} })

/** What a person is told of a refusal; a reason that is not here is told as it is. */
const REASONS: Record<string, string> = {
  invalid_header: 'This is no token.',
  malformed: 'It is no JWT of the type that is expected, or it lacks a claim that is needed.',
  unknown: 'The claims mapping finds nobody.',
  not_yet_valid: 'It is not valid yet, or was issued in the future.',
  expired: 'Its time is over, or it is older than is taken.',
  wrong_api: 'It is for another API.',
  insufficient_scope: 'It lacks a scope that is expected.',
  bad_signature: 'No key that is there made its signature, by an algorithm that is allowed.',
  untrusted_issuer: 'It comes from another issuer.',
  wrong_audience: 'It is for another audience.',
  keys_unavailable: 'The keys to check it with are not at hand.',
}

function Health({ keys }: { keys: KeyReport }) {
  if (keys.code) return <span class="chip expired">Not fetched</span>
  return <span class={`chip ${keys.usable > 0 ? 'active' : 'soon'}`}>{plural(keys.usable, 'key')}</span>
}

/** The keys' health, when somebody asks for it: opening the page asks for nothing. */
export function KeyCheck({ name }: { name: string }) {
  const [keys, setKeys] = useState<KeyReport | undefined>(undefined)
  const { busy, error, run } = useWork()
  const check = async () => {
    setKeys(undefined)
    setKeys((await attempt(name)).keys)
  }
  return (
    <>
      <button type="button" aria-label={`Check the keys of ${shown(name)}`} disabled={busy} onClick={() => run(check)}>
        {busy ? 'Fetching…' : 'Check'}
      </button>
      <span role="status">{keys && <Health keys={keys} />}</span>
      {keys?.message && <div class="quiet words">{shown(keys.message)}</div>}
      <Failure error={error} />
    </>
  )
}

/** A pasted token is in this dialog's field, and gone with it. */
export function ValidatorTrial({ name, onClose }: { name: string; onClose: () => void }) {
  const [token, setToken] = useState('')
  const [tried, setTried] = useState<ValidatorTest | undefined>(undefined)
  const { busy, error, run } = useWork()
  const test = () =>
    run(async () => {
      setTried(undefined)
      setTried(await attempt(name, token.trim()))
    })
  useEffect(test, [])
  const keys = tried?.keys
  const verdict = tried?.verdict
  const text = (said: string | undefined) => (said ? <Name>{said}</Name> : <span class="quiet">–</span>)
  return (
    <Dialog title={<>Test <Name>{name}</Name></>} onClose={onClose} wide>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          test()
        }}
      >
        <Field label="Token (optional)" hint="A JWT of the provider’s. It is sent to this server, kept nowhere, and gone when this is closed.">
          {(given) => (
            <textarea
              {...given}
              rows={4}
              autofocus
              autocomplete="off"
              autocapitalize="none"
              spellcheck={false}
              value={token}
              onInput={(event) => {
                setToken(event.currentTarget.value)
                // What was said is of another token.
                if (tried?.verdict) setTried({ keys: tried.keys })
              }}
            />
          )}
        </Field>
        <div role="status" class="results">
          {busy && <p class="quiet">Fetching keys…</p>}
          {keys && (
            <dl class="facts" aria-label="Keys">
              <dt>Keys</dt>
              <dd>
                <Health keys={keys} />
                {keys.unusable > 0 && <span class="quiet"> and {plural(keys.unusable, 'key')} passed over</span>}
              </dd>
              <dt>From</dt>
              <dd>{text(keys.url)}</dd>
              <dt>Fetched</dt>
              <dd>
                <Instant at={keys.fetchedOn} to="second" />
              </dd>
              {keys.message && (
                <>
                  <dt>Trouble</dt>
                  <dd>
                    {shown(keys.message)} <code>{keys.code}</code>
                  </dd>
                </>
              )}
            </dl>
          )}
          {verdict && (
            <dl class="facts" aria-label="The token">
              <dt>Token</dt>
              <dd>
                <span class={`chip ${verdict.granted ? 'active' : 'expired'}`}>{verdict.granted ? 'Accepted' : 'Refused'}</span>
              </dd>
              {verdict.granted ? (
                <>
                  <dt>Subject</dt>
                  <dd>{text(verdict.subject)}</dd>
                  <dt>Target DN</dt>
                  <dd>{verdict.targetDn ? text(verdict.targetDn) : <span class="quiet">None: it acts as nobody</span>}</dd>
                  <dt>Scopes</dt>
                  <dd>{verdict.scopes?.length ? verdict.scopes.map((scope) => <Name key={scope}>{scope}</Name>) : text(undefined)}</dd>
                  <dt>Issuer</dt>
                  <dd>{text(verdict.issuer)}</dd>
                  <dt>Expires</dt>
                  <dd>
                    <Both at={verdict.expiresOn} />
                  </dd>
                </>
              ) : (
                <>
                  <dt>Reason</dt>
                  <dd>
                    {REASONS[verdict.reason ?? ''] ?? 'It is not accepted.'} <code>{verdict.reason}</code>
                  </dd>
                </>
              )}
            </dl>
          )}
        </div>
        <Failure error={error} />
        <div class="actions">
          <button type="button" onClick={onClose}>
            Close
          </button>
          <button type="submit" class="primary" disabled={busy}>
            {busy ? 'Testing…' : 'Test'}
          </button>
        </div>
      </form>
    </Dialog>
  )
}
