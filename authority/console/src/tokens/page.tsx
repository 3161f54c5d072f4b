/** Administration > Access Tokens. */
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { onLeave } from '../route'
import { CHANGE_TOKENS, may } from '../session'
import { Failure } from '../ui/failure'
import { plural } from '../ui/text'
import type { Api, Issued, Token } from '../wire'
import type { SortKey, StatusFilter } from './book'
import { Details } from './details'
import { Delete, Purge, Revoke, RevokeMany } from './end'
import { Generate, grantable } from './generate'
import { Rotate } from './rotate'
import { SecretShown } from './secret'
import { API, STATUS } from './status'
import { COLUMNS, type Deed, Table } from './table'
import { all, done, failed, found, isFiltered, load, loaded, loadOnce, selected, selectNone, want, wanted } from './tokens'

/** The dialog that is open. A secret is nowhere but in here, and goes with it. */
type Open =
  | { kind: 'generate' | 'purge' }
  | { kind: Deed; token: Token }
  | { kind: 'revokeMany'; names: string[] }
  | { kind: 'secret'; issued: Issued; grace?: boolean }

export function Tokens() {
  const open = useSignal<Open | undefined>(undefined)
  const close = () => {
    open.value = undefined
  }
  useEffect(() => {
    loadOnce()
    const stop = onLeave(close)
    return () => {
      stop()
      close()
    }
  }, [])
  const edits = may(CHANGE_TOKENS)
  const act = (kind: Deed, token: Token) => {
    open.value = { kind, token }
  }
  const nothing = done.value && all.value === 0
  return (
    <>
      <header class="head">
        <h1 tabIndex={-1}>Access tokens</h1>
        <span class="buttons">
          <button type="button" onClick={load}>
            Refresh
          </button>
          {edits && (
            <button type="button" onClick={() => (open.value = { kind: 'purge' })}>
              Purge…
            </button>
          )}
          {edits && grantable().length > 0 && (
            <button type="button" class="primary" onClick={() => (open.value = { kind: 'generate' })}>
              <span aria-hidden="true">+ </span>Generate access token
            </button>
          )}
        </span>
      </header>
      <Toolbar />
      <Failure error={failed.value} onRetry={load} />
      {edits && selected.value.size > 0 && (
        <div class="bar" role="group" aria-label="Selected tokens">
          <strong>{plural(selected.value.size, 'token')} selected</strong>
          <span class="buttons">
            <button type="button" class="danger" onClick={() => (open.value = { kind: 'revokeMany', names: [...selected.value] })}>
              Revoke
            </button>
            <button type="button" onClick={selectNone}>
              Select none
            </button>
          </span>
        </div>
      )}
      {nothing ? (
        <div class="empty">
          <p>There is no access token yet.</p>
          {edits && grantable().length > 0 ? (
            <p>A program that calls one of the APIs needs one: generate it here, and hand over its secret.</p>
          ) : (
            <p>Your roles do not permit to generate one.</p>
          )}
        </div>
      ) : (
        <Table onDo={act} />
      )}
      <Dialogs open={open.value} act={act} close={close} show={(issued, grace) => (open.value = { kind: 'secret', issued, ...(grace === undefined ? {} : { grace }) })} />
    </>
  )
}

interface DialogsProps {
  open: Open | undefined
  act: (deed: Deed, token: Token) => void
  close: () => void
  show: (issued: Issued, grace?: boolean) => void
}

function Dialogs({ open, act, close, show }: DialogsProps) {
  switch (open?.kind) {
    case 'generate':
      return <Generate onDone={show} onClose={close} />
    case 'purge':
      return <Purge onClose={close} />
    case 'look':
      return <Details token={open.token} onDo={act} onClose={close} />
    case 'rotate':
      return <Rotate token={open.token} onDone={(issued) => show(issued, true)} onClose={close} />
    case 'revoke':
      return <Revoke token={open.token} onClose={close} />
    case 'delete':
      return <Delete token={open.token} onClose={close} />
    case 'revokeMany':
      return <RevokeMany names={open.names} onClose={close} />
    case 'secret':
      return <SecretShown issued={open.issued} {...(open.grace ? { grace: true } : {})} onClose={close} />
    default:
      return null
  }
}

function Toolbar() {
  const { search, api, status, sort, descending } = wanted.value
  return (
    <div class="tools" role="search" aria-label="Access tokens">
      <input
        type="search"
        aria-label="Search tokens"
        placeholder="Search by name, role, target…"
        value={search}
        onInput={(event) => want({ search: event.currentTarget.value })}
      />
      <select aria-label="API" value={api} onChange={(event) => want({ api: event.currentTarget.value as Api | '' })}>
        <option value="">All APIs</option>
        {Object.entries(API).map(([key, text]) => (
          <option key={key} value={key}>
            {text}
          </option>
        ))}
      </select>
      <select
        aria-label="Status"
        value={status}
        onChange={(event) => want({ status: event.currentTarget.value as StatusFilter })}
      >
        <option value="">Any status</option>
        {Object.entries(STATUS).map(([key, text]) => (
          <option key={key} value={key}>
            {text}
          </option>
        ))}
      </select>
      <select
        class="cards"
        aria-label="Sort by"
        value={`${sort} ${descending}`}
        onChange={(event) => {
          const [key, down] = event.currentTarget.value.split(' ')
          want({ sort: key as SortKey, descending: down === 'true' })
        }}
      >
        {COLUMNS.flatMap(({ key, title }) =>
          [false, true].map((down) => (
            <option key={`${key} ${down}`} value={`${key} ${down}`}>
              {title} {down ? '▼' : '▲'}
            </option>
          )),
        )}
      </select>
      <span class="count" role="status" aria-live="polite">
        {done.value ? (
          isFiltered.value ? `${found.value.toLocaleString()} of ${plural(all.value, 'token')}` : plural(all.value, 'token')
        ) : failed.value ? (
          ''
        ) : (
          <>
            <progress aria-label="Loading tokens" /> {plural(loaded.value, 'token')} loaded
          </>
        )}
      </span>
    </div>
  )
}
