@relay
Feature: The page of a controller
  A relay may serve the files of one folder at the port of its clients.

  Rule: A GET for a file is answered with HTTP status 200 and its bytes, and / and /pair with those of index.html

    @req:relay.web.files
    Scenario Outline: The file at <path>
      Given a relay under test that serves a page
      When a client asks by GET for "<path>" of the page
      Then the answer has HTTP status 200 and the bytes of "<file>"

      Examples:
        | path               | file               |
        | /                  | /index.html        |
        | /pair              | /index.html        |
        | /index.html        | /index.html        |
        | /assets/program.js | /assets/program.js |

    @req:relay.web.files
    Scenario: With a secret in the path of the relay the page is where it is without one
      Given a relay under test that serves a page, and whose path holds a secret
      When a client asks by GET for "/" of the page
      Then the answer has HTTP status 200 and the bytes of "/index.html"

  Rule: Nothing but regular files of the folder is served, and none that is hidden

    @req:relay.web.inside @negative
    Scenario Outline: <what>
      Given a relay under test that serves a page
      When a client asks by GET for "<path>" of the page
      Then the answer has nothing that is hidden or outside of the folder
      When a client asks by GET for "/assets/program.js" of the page
      Then the answer has HTTP status 200 and the bytes of "/assets/program.js"

      Examples:
        | what                                          | path                             |
        | A path that leads up                          | /../outside.txt                  |
        | A path that leads up from a folder            | /assets/../../outside.txt        |
        | A path that leads up in other characters      | /%2e%2e/outside.txt              |
        | A path that leads up with a slash in disguise | /..%2foutside.txt                |
        | A path with a backslash                       | /..%5coutside.txt                |
        | A symbolic link to a file                     | /link.txt                        |
        | A symbolic link to a folder                   | /up/outside.txt                  |
        | A file whose name begins with a dot           | /.hidden                         |
        | A file in a folder whose name begins with one | /.folder/file.txt                |

  Rule: /healthz and the path of the relay are answered as if there were no page

    @req:relay.web.own-paths @negative
    Scenario Outline: A file at <path>
      Given a relay under test that serves a page
      When a client asks by GET for "<path>" of the page
      Then the answer has nothing that is hidden or outside of the folder

      Examples:
        | path     |
        | /v1      |
        | /healthz |

    @req:relay.web.own-paths @req:relay.secret.hidden @negative
    Scenario: Nor does a file stand for the health that a secret hides
      Given a relay under test that serves a page, and whose path holds a secret
      Then GET /healthz at the root is answered with HTTP status 404

    @req:relay.secret.uniform @req:relay.path @negative
    Scenario Outline: An upgrade at <path> is answered as at any path that is not the relay's
      Given a relay under test that serves a page, and whose path holds a secret
      When a client asks for an upgrade at "<path>" of the page
      Then the relay answers as at a path that nobody has heard of

      Examples:
        | path               |
        | /                  |
        | /pair              |
        | /assets/program.js |

  Rule: A request for a file that is neither GET nor HEAD is answered with HTTP status 405

    @req:relay.web.method @negative
    Scenario Outline: By <method>
      Given a relay under test that serves a page
      When a client asks by <method> for "/" of the page
      Then the answer has HTTP status 405

      Examples:
        | method  |
        | POST    |
        | PUT     |
        | DELETE  |
        | OPTIONS |

    @req:relay.web.method
    Scenario: By HEAD
      Given a relay under test that serves a page
      When a client asks by HEAD for "/" of the page
      Then the answer has HTTP status 200

  Rule: Each file comes with a policy that lets no other script run and puts it in no frame

    @req:relay.web.policy
    Scenario Outline: The policy of <path>
      Given a relay under test that serves a page
      When a client asks by GET for "<path>" of the page
      Then the answer has HTTP status 200
      And the policy of the answer names for each of these nothing else:
        | default-src     | 'none' |
        | base-uri        | 'none' |
        | form-action     | 'none' |
        | frame-ancestors | 'none' |
        | script-src      | 'self' |

      Examples:
        | path               |
        | /                  |
        | /pair              |
        | /assets/program.js |

  Rule: Each file comes with headers that keep it to itself

    @req:relay.web.headers
    Scenario Outline: The headers of <path>
      Given a relay under test that serves a page
      When a client asks by GET for "<path>" of the page
      Then the answer has HTTP status 200
      And the answer has the headers:
        | X-Content-Type-Options       | nosniff     |
        | Referrer-Policy              | no-referrer |
        | Cross-Origin-Opener-Policy   | same-origin |
        | Cross-Origin-Resource-Policy | same-origin |

      Examples:
        | path               |
        | /                  |
        | /pair              |
        | /assets/program.js |

  Rule: A request for a file counts among the connections of its address, and one too many is answered with HTTP status 429

    @req:relay.web.limit @negative
    Scenario: More requests than the relay allows connections
      Given a relay under test that serves a page and allows 10 new connections a second
      When a client asks for the page again and again
      Then the relay answers one of the requests with HTTP status 429

    @req:relay.web.counted @req:relay.bind.rate @negative
    Scenario: Requests for the page leave no room for connections
      Given a relay under test that serves a page and allows 10 new connections a second
      When a client asks for the page again and again
      Then the relay answers one of the requests with HTTP status 429
      # Fewer than it allows in any second, were they the only ones.
      When 10 clients connect one after another
      Then some of them are closed with 4429 "rate-limited", or refused with HTTP status 429 or 503
