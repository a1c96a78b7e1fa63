// Inside of Telegram: what it signed stands behind the # of the address, and it is told that the page is ready.
// (docs.telegram-mini-apps.com/platform/methods; the web client is a frame around the page.)

export const initData = new URLSearchParams(location.hash.slice(1)).get("tgWebAppData") ?? "";

function post(event) {
  if (window.TelegramWebviewProxy) {
    window.TelegramWebviewProxy.postEvent(event, "{}");
  } else if (window.parent !== window) {
    window.parent.postMessage(JSON.stringify({ eventType: event, eventData: {} }), "https://web.telegram.org");
  }
}

export function ready() {
  post("web_app_ready");
  post("web_app_expand");
}
