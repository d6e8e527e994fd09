// A real OpenID provider (npm oidc-provider) on loopback: `node provider.mjs`. It prints its address, and
// clients register themselves (RFC 7591). Whoever signs in is who they say, with any password.
import http from "node:http";
import Provider from "oidc-provider";

const ACCOUNTS = {
  dora: { email: "dora@example.com", email_verified: true, name: "Dora Elsewhere" },
  alice: { email: "alice@example.com", email_verified: true, name: "Alice Elsewhere" },
  mallory: { email: "alice@example.com", email_verified: false, name: "Mallory" },
};

const server = http.createServer((request, response) => handle(request, response));
let handle;
server.listen(0, "127.0.0.1", () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
    conformIdTokenClaims: process.argv[2] === "userinfo",
    cookies: { keys: ["only for tests"] },
    features: { registration: { enabled: true }, registrationManagement: { enabled: true } },
    pkce: { required: () => true },
    findAccount: (_, id) =>
      id in ACCOUNTS && { accountId: id, claims: () => ({ sub: id, ...ACCOUNTS[id] }) },
  });
  handle = provider.callback();
  console.log(issuer);
});
