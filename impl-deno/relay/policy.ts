// What the page of the web controller may load and do: a relay that serves it (`--web`) says so in a header, and its build
// in the page itself.

const RULES = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' blob:",
  // Any relay: a person pairs with whichever the computer uses. The page has nothing else to tell anybody.
  "connect-src 'self' ws: wss:",
  "manifest-src 'self'",
  "worker-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "require-trusted-types-for 'script'",
  // Of one name, and so once: the page makes it for the address of its worker.
  'trusted-types service-worker',
]

/** Of the page itself, wherever it is served from. */
export const META_POLICY = RULES.join('; ')

/** As a header, where it can also keep the page out of frames. */
export const HEADER_POLICY = [...RULES, "frame-ancestors 'none'"].join('; ')

const REFUSED = [
  ...['accelerometer', 'display-capture', 'geolocation', 'gyroscope', 'hid', 'magnetometer'],
  ...['microphone', 'midi', 'payment', 'serial', 'usb'],
]

/** What of the device the page may ask its person for: the camera, which reads pairing codes. Nothing else. */
export const PERMISSIONS = ['camera=(self)', ...REFUSED.map((name) => `${name}=()`)].join(', ')
