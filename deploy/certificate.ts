// An authority that was made for one test, and a certificate of it for localhost.

import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

const openssl = (folder: string, line: string) =>
  execFileSync('openssl', line.split(' '), { cwd: folder, stdio: 'pipe' })

/** Paths of PEM files in `folder`. */
export function makeCertificate(folder: string): { authority: string; cert: string; key: string } {
  const newKey = '-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes'
  openssl(folder, `req -x509 ${newKey} -keyout ca.key -out ca.crt -days 2 -subj /CN=test-authority`)
  openssl(folder, `req ${newKey} -keyout leaf.key -out leaf.csr -subj /CN=localhost`)
  writeFileSync(
    join(folder, 'leaf.ext'),
    'subjectAltName=DNS:localhost\nextendedKeyUsage=serverAuth\nbasicConstraints=CA:FALSE\n',
  )
  openssl(
    folder,
    'x509 -req -in leaf.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile leaf.ext -out leaf.crt',
  )
  return { authority: join(folder, 'ca.crt'), cert: join(folder, 'leaf.crt'), key: join(folder, 'leaf.key') }
}
