/** A validator: made or changed. What is refused is told at its field, in the server's words. */
import { useEffect, useRef, useState } from 'preact/hooks'
import { call, under, VALIDATORS } from '../api'
import { Dialog } from '../ui/dialog'
import { Failure, useWork, wrongWith } from '../ui/failure'
import { Field } from '../ui/field'
import { shown } from '../ui/text'
import type { Validator } from '../wire'

interface Props {
  /** The one to change; none for a new one. */
  validator: Validator | undefined
  onDone: (text: string) => void
  onClose: () => void
}

const BLANK: Validator = {
  name: '',
  enabled: true,
  apiService: 'REST(adap)',
  oidcProvider: '',
  oidcDiscoveryUrl: '',
  jsonWebKeySetUri: '',
  expectedAudience: '',
  expectedScope: '',
  jwtValidationClock: 30,
  claimsMapper: { claimsExpressionList: [] },
}
/** In the vendor's words, and in ours. */
const APIS: Record<string, string> = { 'REST(adap)': 'REST', SCIM: 'SCIM' }
export const apiOf = (service: string) => APIS[service] ?? shown(service)
/** RadiantOne's list; any other name is as good. */
const PROVIDERS = ['Apple', 'Google', 'Microsoft', 'Salesforce', 'Yahoo', 'Custom']
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA']

type Texts = {
  [Key in keyof Validator]-?: Validator[Key] extends string | undefined ? Key : never
}[keyof Validator]

const lines = (text: string) => text.split('\n').map((line) => line.trim()).filter(Boolean)

export function ValidatorEditor({ validator: given, onDone, onClose }: Props) {
  const [validator, setValidator] = useState(given ?? BLANK)
  const { busy, error, run } = useWork()
  const form = useRef<HTMLFormElement>(null)
  const change = (part: Partial<Validator>) => setValidator({ ...validator, ...part })
  // The form is longer than the screen: what is wrong comes into view.
  useEffect(() => {
    form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus()
  }, [error])
  const save = async () => {
    if (given) await call('PUT', under(VALIDATORS, given.name), { body: validator })
    else await call('POST', VALIDATORS, { body: validator })
    onDone(`${shown(validator.name)} is ${given ? 'changed' : 'created'}.`)
  }
  const text = (key: Texts, label: string, field: string, hint?: string, more: preact.InputHTMLAttributes<HTMLInputElement> = {}) => (
    <Field label={label} hint={hint} error={wrongWith(error, field, key)}>
      {(own) => (
        <input
          {...more}
          {...own}
          autocomplete="off"
          autocapitalize="none"
          spellcheck={false}
          value={validator[key] ?? ''}
          onInput={(event) => change({ [key]: event.currentTarget.value })}
        />
      )}
    </Field>
  )
  const seconds = (key: 'jwtValidationClock' | 'maxAgeSeconds', label: string, field: string, hint: string, min: number, max: number) => (
    <Field label={label} hint={hint} error={wrongWith(error, field)}>
      {(own) => (
        <input
          {...own}
          type="number"
          min={min}
          max={max}
          step={1}
          autocomplete="off"
          value={validator[key] ?? ''}
          onInput={(event) => {
            const { value, valueAsNumber } = event.currentTarget
            const { [key]: _, ...rest } = validator
            setValidator(value === '' ? rest : { ...rest, [key]: valueAsNumber })
          }}
        />
      )}
    </Field>
  )
  const check = (on: boolean, label: string, onChange: (on: boolean) => void) => (
    <label class="check">
      <input type="checkbox" checked={on} onChange={(event) => onChange(event.currentTarget.checked)} />
      {label}
    </label>
  )
  const { algorithms = [] } = validator
  const wrong = (...fields: string[]) => {
    const words = wrongWith(error, ...fields)
    return words && <p class="wrong">{words}</p>
  }
  return (
    <Dialog title={given ? 'Edit validator' : 'New validator'} onClose={onClose} busy={busy} wide>
      <form
        ref={form}
        onSubmit={(event) => {
          event.preventDefault()
          run(save)
        }}
      >
        {text('name', 'Name', 'name', given ? 'A validator keeps its name.' : 'Letters, digits, spaces, _ and -.', {
          required: true,
          maxLength: 100,
          readOnly: given !== undefined,
          autofocus: true,
        })}
        {check(validator.enabled !== false, 'Enabled', (enabled) => change({ enabled }))}
        <div class="two">
          <Field label="API" error={wrongWith(error, 'api', 'apiService')}>
            {(own) => (
              <select {...own} value={validator.apiService} onChange={(event) => change({ apiService: event.currentTarget.value })}>
                {[...new Set([...Object.keys(APIS), validator.apiService])].map((api) => (
                  <option key={api} value={api}>
                    {apiOf(api)}
                  </option>
                ))}
              </select>
            )}
          </Field>
          {text('oidcProvider', 'OIDC provider', 'provider', 'For people: it has no effect.', { list: 'oidc-providers' })}
          <datalist id="oidc-providers">
            {PROVIDERS.map((provider) => (
              <option key={provider} value={provider} />
            ))}
          </datalist>
        </div>
        <fieldset>
          <legend>Keys and issuer</legend>
          {text('oidcDiscoveryUrl', 'OIDC discovery URL', 'discoveryUrl', 'https://…/.well-known/openid-configuration, which says where the keys are and who the issuer is.', {
            inputMode: 'url',
          })}
          {text('jsonWebKeySetUri', 'JSON Web Key Set URI', 'jwksUrl', 'Where the keys are, unless the discovery URL says it.', { inputMode: 'url' })}
          {text('expectedIssuer', 'Expected issuer', 'expectedIssuer', 'Compared as it is written. What the discovery URL says, when empty.', {
            disabled: validator.anyIssuer ?? false,
          })}
          {check(validator.anyIssuer ?? false, 'Any issuer', (anyIssuer) =>
            change({ anyIssuer, ...(anyIssuer ? { expectedIssuer: '' } : {}) }),
          )}
          {wrong('anyIssuer')}
          {validator.anyIssuer && (
            <p class="warning" role="alert">
              Takes tokens of whatever issuer, as long as the keys check them. Of a provider with several tenants one set of keys signs
              for all of them, so this lets in the tokens of every other tenant.
            </p>
          )}
        </fieldset>
        <fieldset>
          <legend>What a token has to be</legend>
          {text('expectedAudience', 'Expected audience', 'expectedAudience', 'Any, when empty: tokens that were made for other services too.')}
          <div class="two">
            {text('scopeClaimName', 'Scope claim name', 'scopeClaim', 'scope, when empty; Okta’s is scp.')}
            {text('expectedScope', 'Expected scopes', 'expectedScopes', 'All of them, between spaces.')}
          </div>
          <div class="two">
            {seconds('jwtValidationClock', 'Clock skew in seconds', 'clockSkew', '0 to 3600; 30 when empty.', 0, 3600)}
            {seconds('maxAgeSeconds', 'Maximum age in seconds', 'maxAge', 'Since it was issued; none when empty.', 1, 4_294_967_295)}
          </div>
          {text('tokenType', 'Token type', 'tokenType', 'The header’s typ, at+jwt for instance. When empty: none, JWT or at+jwt.')}
          <div class="choices" role="group" aria-label="Allowed algorithms">
            <span class="hint">Allowed algorithms; all when none is ticked:</span>
            {[...new Set([...ALGORITHMS, ...algorithms])].map((one) => (
              <label key={one}>
                <input
                  type="checkbox"
                  checked={algorithms.includes(one)}
                  onChange={(event) =>
                    change({ algorithms: event.currentTarget.checked ? [...algorithms, one] : algorithms.filter((other) => other !== one) })
                  }
                />
                {one}
              </label>
            ))}
          </div>
          {wrong('algorithms')}
        </fieldset>
        <Field
          label="Claims to user mapping"
          error={wrongWith(error, 'claimsMapping', 'claimsMapper')}
          hint={
            <>
              An expression a line; the first that finds somebody decides whom a token acts as. A DN,{' '}
              <code>{'uid=${sub},ou=People,o=acme'}</code>, or a search, <code>{'ou=People,o=acme??sub?(mail=${email})'}</code>.
            </>
          }
        >
          {(own) => (
            <textarea
              {...own}
              rows={3}
              spellcheck={false}
              autocomplete="off"
              autocapitalize="none"
              defaultValue={validator.claimsMapper.claimsExpressionList.join('\n')}
              onInput={(event) => change({ claimsMapper: { claimsExpressionList: lines(event.currentTarget.value) } })}
            />
          )}
        </Field>
        <Failure error={error} />
        <div class="actions">
          <button type="button" onClick={onClose} disabled={busy}>
            Cancel
          </button>
          <button type="submit" class="primary" disabled={busy}>
            {busy ? 'Saving…' : 'Save validator'}
          </button>
        </div>
      </form>
    </Dialog>
  )
}
