"""What the page may do in a browser, said in the headers of its document."""

from __future__ import annotations

from ..reports.render import style_source

#: No script or style but our own files, no address but our own (`'self'` covers the socket, CSP 3
#: §6.7.2.8), no form that is sent by itself, no frame around the page; and text is never taken for
#: markup where the browser has Trusted Types. A report, shown in a frame without scripts and
#: without an origin, has the one style that is named by its hash: frames of `blob:` inherit this.
PAGE_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        f"style-src 'self' {style_source()}",
        "frame-src blob:",
        "img-src 'self' blob: data:",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
)

PAGE_HEADERS = {
    "Content-Security-Policy": PAGE_POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
