// The chat's own words, by language; what the bot says is never touched.

const en = {
  title: 'Chat',
  open: 'Open chat',
  close: 'Close chat',
  write: 'Write a message',
  send: 'Send',
  online: 'Online',
  connecting: 'Connecting…',
  unavailable: 'This chat is not available right now.',
  kept: 'Connection lost. What you write is sent as soon as it is back.',
  retry: 'Try now',
  log: 'Conversation',
  customer: 'You',
  bot: 'Assistant',
  agent: 'Agent',
  system: 'Note',
  typing: 'is typing',
  choices: 'Suggested replies',
  gallery: 'Gallery',
  of: '{n} of {all}',
  previous: 'Previous',
  next: 'Next',
  image: 'Image',
  lost: 'This could not be shown',
  openIt: 'Open it',
  newTab: 'opens in a new tab',
  sending: 'Sending…',
  refused: 'Not sent',
  again: 'Send again',
  newest: 'New messages',
  unread: '{n} unread',
}

export type Strings = Record<keyof typeof en, string>

const ar: Strings = {
  title: 'الدردشة',
  open: 'فتح الدردشة',
  close: 'إغلاق الدردشة',
  write: 'اكتب رسالة',
  send: 'إرسال',
  online: 'متصل',
  connecting: 'جارٍ الاتصال…',
  unavailable: 'هذه الدردشة غير متاحة الآن.',
  kept: 'انقطع الاتصال. سيُرسل ما تكتبه فور عودته.',
  retry: 'حاول الآن',
  log: 'المحادثة',
  customer: 'أنت',
  bot: 'المساعد',
  agent: 'الموظف',
  system: 'ملاحظة',
  typing: 'يكتب',
  choices: 'ردود مقترحة',
  gallery: 'معرض',
  of: '{n} من {all}',
  previous: 'السابق',
  next: 'التالي',
  image: 'صورة',
  lost: 'تعذّر عرض هذا المحتوى',
  openIt: 'فتح',
  newTab: 'يفتح في علامة تبويب جديدة',
  sending: 'جارٍ الإرسال…',
  refused: 'لم تُرسل',
  again: 'إعادة الإرسال',
  newest: 'رسائل جديدة',
  unread: '{n} غير مقروءة',
}

const languages: Record<string, Strings> = { en, ar }

export const isRightToLeft = (language: string): boolean => /^(ar|fa|he|ur|ps|sd|ug|yi|dv|ckb)\b/i.test(language)

export const stringsFor = (language: string): Strings => languages[language.toLowerCase().split('-')[0] ?? ''] ?? en

export const filled = (pattern: string, values: Record<string, number>): string =>
  pattern.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole))
