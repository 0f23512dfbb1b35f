// An OpenID Connect provider over TLS: node provider.mjs SETTINGS.json. It lets two people in by their names alone.
import fs from 'node:fs'
import https from 'node:https'
import { Provider } from 'oidc-provider'

const told = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'))
const people = told.people

const provider = new Provider(told.issuer, {
  clients: [{
    client_id: told.client_id,
    client_secret: told.client_secret,
    redirect_uris: [told.redirect],
    post_logout_redirect_uris: [told.after_log_out],
    response_types: ['code'],
    grant_types: ['authorization_code'],
    token_endpoint_auth_method: told.jwks ? 'private_key_jwt' : 'client_secret_basic',
    jwks: told.jwks,
    id_token_signed_response_alg: told.algorithm
  }],
  jwks: { keys: told.keys },
  cookies: { keys: ['a test'] },
  claims: { openid: ['sub', 'groups', 'name', 'preferred_username', 'amr', 'acr', 'auth_time', 'iss', 'sid'] },
  conformIdTokenClaims: false,
  pkce: { required: () => true },
  features: { devInteractions: { enabled: false }, rpInitiatedLogout: { enabled: true } },
  interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },
  loadExistingGrant: async (ctx) => {
    const { client, session, params } = ctx.oidc
    const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId })
    grant.addOIDCScope(params.scope)
    await grant.save()
    return grant
  },
  enabledJWA: { idTokenSigningAlgValues: ['PS256', 'RS256', 'ES256', 'EdDSA'], clientAuthSigningAlgValues: ['PS256', 'ES256'] },
  findAccount: (_, id) => people[id] && { accountId: id, claims: () => ({ sub: id, ...people[id], amr: undefined }) }
})
const address = new URL(told.issuer)
const others = provider.callback()

// A page that asks for a name, and believes it.
async function answer(request, response) {
  if (!request.url.startsWith('/interaction/')) return others(request, response)
  if (request.method === 'GET') {
    response.setHeader('Content-Type', 'text/html')
    return response.end('<title>Provider</title><form method="post"><input name="login"><button type="submit">Log in</button></form>')
  }
  let body = ''
  for await (const chunk of request) body += chunk
  const name = new URLSearchParams(body).get('login')
  await provider.interactionFinished(request, response, { login: { accountId: name, amr: people[name].amr } })
}

https.createServer({ cert: fs.readFileSync(told.certificate), key: fs.readFileSync(told.key) }, answer)
  .listen(Number(address.port), '127.0.0.1')
