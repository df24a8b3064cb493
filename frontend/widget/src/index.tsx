// The script of the one tag: defines the element, puts one on the page unless it has its own, and calls it `Backtalk`.

import { BacktalkChat } from './element'

const script = document.currentScript as HTMLScriptElement | null
const address = /^(.*\/)chat\/v1\/([^/]+)\/widget\.js/.exec(script?.src ?? '')
BacktalkChat.base = address?.[1] ?? (script?.src ? new URL('.', script.src).href : '')

if (!customElements.get('backtalk-chat')) {
  customElements.define('backtalk-chat', BacktalkChat)
  if (document.readyState === 'loading') addEventListener('DOMContentLoaded', settle)
  else settle()
}

function settle(): void {
  const channel = script?.dataset.channel || (address?.[2] && decodeURIComponent(address[2]))
  let element = document.querySelector<BacktalkChat>('backtalk-chat')
  if (!element && channel) {
    element = new BacktalkChat()
    Object.assign(element.dataset, script?.dataset, { channel })
    document.body.append(element)
  }
  if (!element) return
  Object.assign(window, { Backtalk: element })
  document.dispatchEvent(new CustomEvent('backtalk-ready')) // an async script comes when it comes
}
