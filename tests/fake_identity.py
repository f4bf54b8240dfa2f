"""An identity provider at the wire that tells whatever a test wants it to: rightly signed, or not."""

import json
import threading
import time
import uuid
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

CLIENT, SECRET = "voliere", "geheim"
Claims = dict[str, Any]


class FakeIdentity:
    def __init__(self) -> None:
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.claims: Claims = {"sub": "eve-1", "email": "eve@example.org", "name": "Eve"}
        self.change: Callable[[Claims], Claims] = lambda claims: claims
        self.sign: Callable[[Claims], str] = self.signed
        self.nonce = ""
        self.configuration: Claims = {}
        self.asked: list[dict[str, str]] = []  # at the token endpoint
        self.userinfo: Claims | None = None
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer._answer(self, outer.answer(self.path))

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"])).decode()
                outer.asked.append({name: values[0] for name, values in parse_qs(body).items()})
                outer._answer(self, outer.token())

            def log_message(self, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.issuer = f"http://127.0.0.1:{self.server.server_port}/realms/haus"

    def __enter__(self) -> Self:
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *args: object) -> None:
        self.server.shutdown()
        self.server.server_close()

    def _answer(self, handler: BaseHTTPRequestHandler, found: Claims | None) -> None:
        body = json.dumps(found).encode()
        handler.send_response(200 if found is not None else 404)
        handler.send_header("content-type", "application/json")
        handler.send_header("content-length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    def answer(self, path: str) -> Claims | None:
        at = self.issuer
        known = {
            "/realms/haus/.well-known/openid-configuration": {
                "issuer": at,
                "authorization_endpoint": f"{at}/auth",
                "token_endpoint": f"{at}/token",
                "jwks_uri": f"{at}/keys",
                "userinfo_endpoint": f"{at}/userinfo",
                **self.configuration,
            },
            "/realms/haus/keys": self.keys(),
            "/realms/haus/userinfo": self.userinfo,
        }
        return known.get(path)

    def keys(self) -> Claims:
        public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key()))
        return {"keys": [public | {"kid": "1", "use": "sig", "alg": "RS256"}]}

    def token(self) -> Claims:
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 60, "nonce": self.nonce, **self.claims}
        return {"access_token": "a", "token_type": "Bearer", "id_token": self.sign(self.change(claims))}

    def signed(self, claims: Claims) -> str:
        return jwt.encode(claims, self.key, "RS256", headers={"kid": "1"})

    def logout_token(self, **change: object) -> str:
        now = int(time.time())
        event = {"http://schemas.openid.net/event/backchannel-logout": {}}
        claims = {
            "iss": self.issuer,
            "aud": CLIENT,
            "iat": now,
            "exp": now + 60,
            "jti": uuid.uuid4().hex,
            "events": event,
        }
        return self.signed({name: value for name, value in (claims | change).items() if value is not None})
