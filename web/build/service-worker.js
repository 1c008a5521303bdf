// The app from the cache, so that it opens without a network; never an answer of the API, which is somebody's data.
const version = 'VERSION'
const files = ['FILES']

self.addEventListener('install', (event) => {
  event.waitUntil(caches.open(version).then((cache) => cache.addAll(files)).then(() => self.skipWaiting()))
})

self.addEventListener('activate', (event) => {
  event.waitUntil(
    caches
      .keys()
      .then((names) => Promise.all(names.filter((name) => name !== version).map((name) => caches.delete(name))))
      .then(() => self.clients.claim()),
  )
})

self.addEventListener('fetch', (event) => {
  const address = new URL(event.request.url)
  if (event.request.method !== 'GET' || address.origin !== self.location.origin || address.pathname.startsWith('/api/')) return
  const asked = address.pathname === '/index.html' ? '/' : address.pathname
  if (!files.includes(asked)) return
  event.respondWith(
    caches.open(version).then((cache) => cache.match(asked)).then((kept) => kept ?? fetch(event.request)),
  )
})
