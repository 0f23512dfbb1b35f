// Asks the browser for a security key, and sends its answer with the form that stands on the page.
const octets = (text) => Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), (each) => each.charCodeAt(0))
const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '')
const listed = (keys) => (keys ?? []).map((each) => ({ ...each, id: octets(each.id) }))

const asked = (question) => ({
  ...question,
  challenge: octets(question.challenge),
  ...(question.user && { user: { ...question.user, id: octets(question.user.id) } }),
  ...(question.allowCredentials && { allowCredentials: listed(question.allowCredentials) }),
  ...(question.excludeCredentials && { excludeCredentials: listed(question.excludeCredentials) })
})

const written = (found) => {
  const response = {}
  for (const name of ['clientDataJSON', 'attestationObject', 'authenticatorData', 'signature', 'userHandle']) {
    if (found.response[name]) response[name] = text(found.response[name])
  }
  return JSON.stringify({ id: found.id, rawId: text(found.rawId), type: found.type, response, clientExtensionResults: {} })
}

const ask = async (form) => {
  const publicKey = asked(JSON.parse(form.dataset.question))
  const failure = document.querySelector('[data-for-failure]')
  failure.hidden = true
  try {
    const found = form.dataset.asksKey === 'create' ? await navigator.credentials.create({ publicKey }) : await navigator.credentials.get({ publicKey })
    form.elements.answer.value = written(found)
    form.submit()
  } catch {
    failure.hidden = false
  }
}

if (window.PublicKeyCredential) {
  for (const each of document.querySelectorAll('[data-for-keys]')) each.hidden = false
  for (const each of document.querySelectorAll('[data-without-keys]')) each.hidden = true
  const form = document.querySelector('form[data-asks-key]')
  form?.querySelector('[data-for-keys]').addEventListener('click', () => ask(form))
}
