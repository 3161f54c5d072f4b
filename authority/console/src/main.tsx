/** The frame: who is signed in, where one is, and the view itself. */
import { useSignal } from '@preact/signals'
import { render } from 'preact'
import { useEffect } from 'preact/hooks'
import { href, route } from './route'
import { expired, keepAlive, look, may, me, signOut } from './session'
import { type Theme, theme } from './theme'
import { Failure } from './ui/failure'
import { Said } from './ui/say'
import { Name } from './ui/text'
import { Password } from './views/password'
import { SignIn, SignInAgain } from './views/signin'
import { VIEWS } from './views'

function App() {
  const error = useSignal<unknown>(undefined)
  const ask = () => {
    error.value = undefined
    look().catch((failed: unknown) => (error.value = failed))
  }
  useEffect(() => {
    ask()
    keepAlive()
  }, [])
  if (error.value) {
    return (
      <main class="center">
        <h1>Gatepass</h1>
        <Failure error={error.value} onRetry={ask} />
      </main>
    )
  }
  if (me.value === undefined) return <main class="center" aria-busy="true" />
  return (
    <>
      {me.value === null ? <SignIn /> : <Console />}
      {expired.value && <SignInAgain />}
      <Said />
    </>
  )
}

function Console() {
  const open = VIEWS.filter(({ needs }) => may(needs))
  const view = open.find(({ at }) => at === route.value.view) ?? open[0]
  const changing = useSignal(false)
  useEffect(() => {
    document.title = `${view?.title ?? 'Gatepass'} · ${me.value?.organization || 'Gatepass'}`
  }, [view])
  return (
    <>
      <a class="skip" href="#main" onClick={(event) => {
        event.preventDefault()
        document.querySelector<HTMLElement>('main h1')?.focus()
      }}>
        Skip to content
      </a>
      <header class="top">
        <span class="brand">
          Gatepass<span class="quiet"> {me.value?.organization}</span>
        </span>
        <nav aria-label="Administration">
          {open.map(({ at, title }) => (
            <a key={at} href={href(at)} aria-current={at === view?.at ? 'page' : undefined}>
              {title}
            </a>
          ))}
        </nav>
        <Account onPassword={() => (changing.value = true)} />
      </header>
      <main id="main">
        {view ? (
          <view.Shown key={view.at} />
        ) : (
          <div class="empty">
            <h1 tabIndex={-1}>Nothing to see</h1>
            <p>Your roles open none of what is here. Ask whoever looks after access.</p>
          </div>
        )}
      </main>
      {changing.value && <Password onClose={() => (changing.value = false)} />}
    </>
  )
}

function Account({ onPassword }: { onPassword: () => void }) {
  const error = useSignal<unknown>(undefined)
  return (
    <div class="account">
      <span>
        <span class="unseen">Signed in as </span>
        <Name>{me.value?.username ?? ''}</Name>
      </span>
      <select aria-label="Colours" value={theme.value} onChange={(event) => (theme.value = event.currentTarget.value as Theme)}>
        <option value="system">As the system</option>
        <option value="light">Light</option>
        <option value="dark">Dark</option>
      </select>
      <button type="button" onClick={onPassword}>
        <span class="wide-only">Change </span>password
      </button>
      <button type="button" onClick={() => signOut().catch((failed: unknown) => (error.value = failed))}>
        Sign out
      </button>
      <Failure error={error.value} />
    </div>
  )
}

const root = document.getElementById('app')
if (root) render(<App />, root)
