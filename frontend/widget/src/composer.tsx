// Where the customer writes: Enter sends, Shift+Enter breaks the line.

import { h } from './dom'
import { Send } from './icons'
import type { Strings } from './strings'

const MOST_CHARS = 8000

function grow(area: HTMLTextAreaElement): void {
  area.dir = area.value && 'auto' // an empty one would have the placeholder on the wrong side
  area.style.height = 'auto'
  area.style.height = `${area.scrollHeight}px`
  area.nextElementSibling?.setAttribute('aria-disabled', String(!area.value.trim()))
}

function submit(form: HTMLElement, onText: (text: string) => void): void {
  const area = form.querySelector('textarea') as HTMLTextAreaElement
  const words = area.value.trim()
  area.focus()
  if (!words) return
  area.value = ''
  grow(area)
  onText(words)
}

export const Composer = ({ t, onText }: { t: Strings; onText: (text: string) => void }) => (
  <form
    class="composer"
    onSubmit={event => {
      event.preventDefault()
      submit(event.currentTarget, onText)
    }}
  >
    <div class="field">
      <textarea
        rows={1}
        maxlength={MOST_CHARS}
        aria-label={t.write}
        placeholder={t.write}
        enterkeyhint="send"
        onInput={event => grow(event.currentTarget as HTMLTextAreaElement)}
        onKeyDown={event => {
          if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return
          event.preventDefault()
          event.currentTarget.closest('form')?.requestSubmit()
        }}
      />
      <button type="submit" class="send disc" aria-label={t.send} aria-disabled="true">
        <span class="disc filled">
          <Send />
        </span>
      </button>
    </div>
  </form>
)
