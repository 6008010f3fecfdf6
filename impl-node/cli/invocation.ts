// How this program is called where it runs, so that what we tell people to type works there.

const { npm_execpath, npm_config_user_agent } = process.env

/** `npx happy-remote` for those who came through npm, which puts nothing on their PATH. */
export const PROGRAM = npm_execpath || npm_config_user_agent ? 'npx happy-remote' : 'happy-remote'
