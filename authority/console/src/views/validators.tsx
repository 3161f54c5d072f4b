/** External token validators: whose tokens each API takes beside its own. */
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { call, under, VALIDATORS } from '../api'
import { onLeave } from '../route'
import { CHANGE_SETTINGS, may } from '../session'
import { Confirm } from '../ui/confirm'
import { Failure } from '../ui/failure'
import { say } from '../ui/say'
import { Name, shown } from '../ui/text'
import type { Validator } from '../wire'
import { apiOf, ValidatorEditor } from './validatorEditor'
import { KeyCheck, ValidatorTrial } from './validatorTrial'

type Open = { kind: 'new' } | { kind: 'edit' | 'switch' | 'delete' | 'test'; validator: Validator }

const WELL_KNOWN = '/.well-known/openid-configuration'

/** The issuer that it expects: what is said, or what the discovery URL says, as the server has it. */
function issuer({ expectedIssuer, oidcDiscoveryUrl }: Validator): string {
  return expectedIssuer || (oidcDiscoveryUrl.endsWith(WELL_KNOWN) ? oidcDiscoveryUrl.slice(0, -WELL_KNOWN.length) : '')
}

const isOn = ({ enabled }: Validator) => enabled !== false
const nothing = (text: string) => <span class="quiet">{text}</span>

export function Validators() {
  const validators = useSignal<Validator[] | undefined>(undefined)
  const error = useSignal<unknown>(undefined)
  const open = useSignal<Open | undefined>(undefined)
  const close = () => {
    open.value = undefined
  }
  const load = () => {
    error.value = undefined
    call<Validator[]>('GET', VALIDATORS).then(
      (found) => (validators.value = found),
      (failed: unknown) => (error.value = failed),
    )
  }
  useEffect(() => {
    load()
    return onLeave(close)
  }, [])
  const edits = may(CHANGE_SETTINGS)
  const done = (text: string) => {
    say(text)
    close()
    load()
  }
  const setEnabled = async (name: string, enabled: boolean) => {
    const path = under(VALIDATORS, name)
    // As it is now: what somebody else has changed meanwhile stays.
    const validator = await call<Validator>('GET', path)
    await call('PUT', path, { body: { ...validator, enabled } })
    done(`${shown(name)} is ${enabled ? 'enabled' : 'disabled'}.`)
  }
  const now = open.value
  return (
    <>
      <header class="head">
        <h1 tabIndex={-1}>External token validators</h1>
        {edits && (
          <button type="button" class="primary" onClick={() => (open.value = { kind: 'new' })}>
            <span aria-hidden="true">+ </span>New validator
          </button>
        )}
      </header>
      <p class="quiet">Each lets the tokens of an OpenID provider open the REST or the SCIM API, beside the access tokens made here.</p>
      <Failure error={error.value} onRetry={load} />
      {!validators.value && !error.value && <p class="quiet">Loading validators…</p>}
      {validators.value?.length === 0 && (
        <div class="empty">
          <p>There is no validator: only access tokens made here are taken.</p>
        </div>
      )}
      {validators.value && validators.value.length > 0 && (
        <div class="scroll" role="region" aria-label="External token validators" tabIndex={0}>
          <table class="list">
            <thead>
              <tr>
                <th scope="col">Name</th>
                <th scope="col">API</th>
                <th scope="col">Provider</th>
                <th scope="col">Issuer</th>
                <th scope="col">Audience</th>
                <th scope="col">Status</th>
                {edits && (
                  <>
                    <th scope="col">Keys</th>
                    <th scope="col">
                      <span class="unseen">Actions</span>
                    </th>
                  </>
                )}
              </tr>
            </thead>
            <tbody>
              {validators.value.map((validator) => {
                const { name } = validator
                const on = isOn(validator)
                const whose = issuer(validator)
                const deed = (kind: 'edit' | 'switch' | 'delete' | 'test', text: string) => (
                  <button type="button" aria-label={`${text} ${shown(name)}`} onClick={() => (open.value = { kind, validator })}>
                    {text}
                  </button>
                )
                return (
                  <tr key={name}>
                    <th scope="row">
                      <Name>{name}</Name>
                    </th>
                    <td>{apiOf(validator.apiService)}</td>
                    <td>{validator.oidcProvider ? <Name>{validator.oidcProvider}</Name> : nothing('–')}</td>
                    <td>
                      {validator.anyIssuer ? <span class="chip soon">Any issuer</span> : whose ? <Name>{whose}</Name> : nothing('Not said')}
                    </td>
                    <td>{validator.expectedAudience ? <Name>{validator.expectedAudience}</Name> : nothing('Any')}</td>
                    <td>
                      <span class={`chip ${on ? 'active' : 'revoked'}`}>{on ? 'Enabled' : 'Disabled'}</span>
                    </td>
                    {edits && (
                      <>
                        <td class="deeds">
                          <KeyCheck key={JSON.stringify(validator)} name={name} />
                        </td>
                        <td class="deeds">
                          {deed('test', 'Test')}
                          {deed('edit', 'Edit')}
                          {deed('switch', on ? 'Disable' : 'Enable')}
                          {deed('delete', 'Delete')}
                        </td>
                      </>
                    )}
                  </tr>
                )
              })}
            </tbody>
          </table>
        </div>
      )}
      {now?.kind === 'test' && <ValidatorTrial name={now.validator.name} onClose={close} />}
      {(now?.kind === 'new' || now?.kind === 'edit') && (
        <ValidatorEditor validator={now.kind === 'new' ? undefined : now.validator} onDone={done} onClose={close} />
      )}
      {now?.kind === 'switch' && (
        <Confirm
          title={isOn(now.validator) ? 'Disable validator' : 'Enable validator'}
          action={isOn(now.validator) ? 'Disable' : 'Enable'}
          onClose={close}
          onDo={() => setEnabled(now.validator.name, !isOn(now.validator))}
        >
          <p>
            Tokens that only <Name>{now.validator.name}</Name> accepts are {isOn(now.validator) ? 'refused from then on.' : 'taken again.'}
          </p>
        </Confirm>
      )}
      {now?.kind === 'delete' && (
        <Confirm
          title="Delete validator"
          action="Delete"
          typed={now.validator.name}
          onClose={close}
          onDo={async () => {
            await call('DELETE', under(VALIDATORS, now.validator.name))
            done(`${shown(now.validator.name)} is deleted.`)
          }}
        >
          <p>Tokens that only it accepts are refused from then on.</p>
        </Confirm>
      )}
    </>
  )
}
