/** What this device keeps: one IndexedDB store of the face's own host, so no other face can read it. */

const name = 'liangzheng'
const store = 'kept'

let opened: Promise<IDBDatabase> | null = null

function open(): Promise<IDBDatabase> {
  opened ??= new Promise<IDBDatabase>((resolve, reject) => {
    const request = indexedDB.open(name, 1)
    request.onupgradeneeded = () => request.result.createObjectStore(store)
    request.onsuccess = () => {
      const database = request.result
      // Another tab with a newer app, or the browser taking its storage back: opened anew at the next use.
      database.onversionchange = database.onclose = () => {
        database.close()
        opened = null
      }
      resolve(database)
    }
    request.onerror = () => reject(request.error)
  }).catch((error: unknown) => {
    opened = null
    throw error
  })
  return opened
}

async function act<T>(mode: IDBTransactionMode, what: (kept: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const database = await open()
  return new Promise<T>((resolve, reject) => {
    const transaction = database.transaction(store, mode)
    const request = what(transaction.objectStore(store))
    // A write counts once its transaction is through, not when it was asked for.
    transaction.oncomplete = () => resolve(request.result)
    transaction.onabort = transaction.onerror = () => reject(transaction.error ?? request.error)
  })
}

/** The value under `key`, or undefined, also when the browser has thrown its storage away. */
export async function read<T>(key: string): Promise<T | undefined> {
  return act<T | undefined>('readonly', (kept) => kept.get(key))
}

export async function write(key: string, value: unknown): Promise<void> {
  await act('readwrite', (kept) => kept.put(value, key))
}

export async function forget(key: string): Promise<void> {
  await act('readwrite', (kept) => kept.delete(key))
}

export async function forgetAllBut(stays: RegExp): Promise<void> {
  const keys = await act<IDBValidKey[]>('readonly', (kept) => kept.getAllKeys())
  for (const key of keys.map(String)) if (!stays.test(key)) await forget(key)
}

export async function forgetAll(): Promise<void> {
  await act('readwrite', (kept) => kept.clear())
}

/** Asks the browser not to throw the storage away; whether it promised. */
export async function persist(): Promise<boolean> {
  return (await navigator.storage?.persist?.().catch(() => false)) ?? false
}
