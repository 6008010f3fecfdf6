// Certificates for tests.

import type { TlsFiles } from '../server.ts'

/** Made anew for each run, so that no private key lies in the repository. */
export async function selfSigned(): Promise<TlsFiles> {
  const folder = await Deno.makeTempDir()
  const files = ['-keyout', `${folder}/key.pem`, '-out', `${folder}/cert.pem`]
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost']
  const usage = ['-addext', 'basicConstraints=critical,CA:FALSE']
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
  const args = ['req', ...kind, ...subject, ...usage, ...files]
  const { success, stderr } = await new Deno.Command('openssl', { args, stdout: 'null', stderr: 'piped' }).output()
  if (!success) throw new Error(`openssl made no certificate: ${new TextDecoder().decode(stderr)}`)
  const pair = {
    cert: await Deno.readTextFile(`${folder}/cert.pem`),
    key: await Deno.readTextFile(`${folder}/key.pem`),
  }
  await Deno.remove(folder, { recursive: true })
  return pair
}

/** Whether the relay at `port` shows this certificate. */
export async function shows(port: number, { cert }: TlsFiles): Promise<boolean> {
  const connecting = Deno.connectTls({ hostname: 'localhost', port, caCerts: [cert] })
  const connection = await connecting.catch(() => undefined)
  const shown = await connection?.handshake().catch(() => undefined)
  connection?.close()
  return shown !== undefined
}
