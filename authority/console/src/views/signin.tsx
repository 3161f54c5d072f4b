/** Signing in, at first and again. */
import { useState } from 'preact/hooks'
import { me, signIn } from '../session'
import { Dialog } from '../ui/dialog'
import { Failure, useWork } from '../ui/failure'
import { Field } from '../ui/field'

function Form({ username, action }: { username?: string; action: string }) {
  const [name, setName] = useState(username ?? '')
  const [password, setPassword] = useState('')
  const { busy, error, run } = useWork()
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        run(async () => {
          // It is wiped from the field whether it fits or not.
          setPassword('')
          await signIn(name, password)
        })
      }}
    >
      <Field label="User name">
        {(given) => (
          <input
            {...given}
            name="username"
            required
            autocomplete="username"
            autocapitalize="none"
            spellcheck={false}
            autofocus={username === undefined}
            value={name}
            onInput={(event) => setName(event.currentTarget.value)}
          />
        )}
      </Field>
      <Field label="Password">
        {(given) => (
          <input
            {...given}
            name="password"
            type="password"
            required
            autocomplete="current-password"
            autofocus={username !== undefined}
            value={password}
            onInput={(event) => setPassword(event.currentTarget.value)}
          />
        )}
      </Field>
      <Failure error={error} />
      <div class="actions">
        <button type="submit" class="primary" disabled={busy}>
          {busy ? 'Signing in…' : action}
        </button>
      </div>
    </form>
  )
}

export function SignIn() {
  return (
    <main class="center">
      <p class="brand">Gatepass</p>
      <section class="panel">
        <h1 tabIndex={-1}>Sign in</h1>
        <Form action="Sign in" />
      </section>
    </main>
  )
}

/** Over the page, which stays as it is, with all that was typed. */
export function SignInAgain() {
  return (
    <Dialog title="Your session has ended" onClose={() => {}} firm alert>
      <p>Sign in again to go on. What you typed is still there.</p>
      <Form action="Sign in" {...(me.value ? { username: me.value.username } : {})} />
    </Dialog>
  )
}
