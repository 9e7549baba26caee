"""The page at /docs: Swagger UI from this service, in the browser's colours."""

from fastapi import FastAPI, Request
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse

ASKED_PATH = "asked_path"  # in the scope of a request that was answered at another path
ASSETS = "static-offline-docs"
# Swagger UI has dark colours, and a switch for them only in its stand-alone layout.
COLOURS = """\
<style>html { color-scheme: light dark } html.dark-mode { background: #1c2022 }</style>
<script>
const dark = matchMedia("(prefers-color-scheme: dark)");
const follow = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", follow);
follow();
</script>
</head>"""


def install(app: FastAPI) -> None:
    """Add the page to the application."""

    @app.get("/docs", include_in_schema=False)
    async def show(request: Request) -> HTMLResponse:
        # Relative links are right below any prefix, also one that the service does not know of.
        asked: str = request.scope.get(ASKED_PATH, request.scope["path"])
        up = "../" if asked.endswith("/") else ""
        page = get_swagger_ui_html(
            openapi_url=f"{up}openapi.json",
            title=app.title,
            swagger_js_url=f"{up}{ASSETS}/swagger-ui-bundle.js",
            swagger_css_url=f"{up}{ASSETS}/swagger-ui.css",
            swagger_favicon_url=f"{up}{ASSETS}/favicon.png",
        )
        return HTMLResponse(bytes(page.body).decode().replace("</head>", COLOURS, 1))
