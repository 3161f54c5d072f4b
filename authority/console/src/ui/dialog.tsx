/** A native dialog: the browser keeps the focus inside, and takes it back to where it was. */
import type { ComponentChildren } from 'preact'
import { useId, useLayoutEffect, useRef } from 'preact/hooks'

interface Props {
  title: ComponentChildren
  onClose: () => void
  children: ComponentChildren
  /** While something is under way it cannot be closed. */
  busy?: boolean
  /** Whether Escape does nothing. */
  firm?: boolean
  wide?: boolean
  alert?: boolean
}

export function Dialog({ title, onClose, children, busy, firm, wide, alert }: Props) {
  const ref = useRef<HTMLDialogElement>(null)
  const heading = useId()
  useLayoutEffect(() => {
    const dialog = ref.current
    const opener = document.activeElement
    if (dialog && !dialog.open) dialog.showModal()
    return () => {
      if (dialog?.open) dialog.close()
      queueMicrotask(() => {
        if (document.activeElement && document.activeElement !== document.body) return
        const back = opener instanceof HTMLElement && opener.isConnected ? opener : undefined
        const open = document.querySelector<HTMLElement>('dialog[open] h2')
        ;(back ?? open ?? document.querySelector<HTMLElement>('main h1'))?.focus()
      })
    }
  }, [])
  return (
    <dialog
      ref={ref}
      class={wide ? 'wide' : undefined}
      role={alert ? 'alertdialog' : undefined}
      aria-labelledby={heading}
      aria-busy={busy}
      onCancel={(event) => {
        if (event.target !== ref.current) return
        event.preventDefault()
        if (!busy && !firm) onClose()
      }}
      onClose={(event) => {
        // A browser closes it in any case where Escape is pressed often enough.
        if (event.target === ref.current && !busy) onClose()
      }}
    >
      <h2 id={heading} tabIndex={-1}>
        {title}
      </h2>
      {children}
    </dialog>
  )
}
