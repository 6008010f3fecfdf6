@agent
Feature: Files
  A controller with "files" looks into the workspace of the agent, and never outside.

  Background:
    Given an agent under test, with an assistant
    And a controller that is paired with it

  Rule: Without "files" nothing is told of any path

    @req:rpc.request.forbidden @negative
    Scenario: A controller that may only "observe"
      Given a second controller that may only "observe"
      Then each of these of the second controller is answered with the error "forbidden" and the capability
        | method    | capability |
        | file.read | files      |
        | file.list | files      |
        | file.stat | files      |

  Rule: A path that leads out of the workspace is "path-outside-workspace", symbolic links resolved, whether anything is there or not

    @req:rpc.file.inside
    Scenario: Ways out of the workspace
      Given there is a folder "inside" in the workspace
      And a symbolic link "way-out" in the workspace that leads to "/"
      And a symbolic link "way-up" in the workspace that leads to "inside/../.."
      And a symbolic link "dangling" in the workspace that leads to "/no/such/thing"
      Then each of these is answered with the error "path-outside-workspace"
        | method    | params                                |
        | file.read | {"path":"../secret"}                  |
        | file.read | {"path":"inside/../../secret"}        |
        | file.read | {"path":"/etc/passwd"}                |
        | file.read | {"path":"/no/such/thing"}             |
        | file.read | {"path":"way-out/etc/passwd"}         |
        | file.read | {"path":"way-out/etc/no-such-thing"}  |
        | file.read | {"path":"way-out/etc/passwd/deeper"}  |
        | file.read | {"path":"dangling"}                   |
        | file.read | {"path":"dangling/deeper"}            |
        | file.stat | {"path":".."}                         |
        | file.stat | {"path":"way-out"}                    |
        | file.stat | {"path":"way-out/etc/passwd"}         |
        | file.stat | {"path":"way-up"}                     |
        | file.list | {"path":"/","limit":10}               |
        | file.list | {"path":"way-out/etc","limit":10}     |
        | file.list | {"path":"way-up","limit":10}          |

    @req:rpc.file.inside @req:rpc.file.range
    Scenario: A symbolic link that stays inside
      Given there is a folder "inside" in the workspace
      And there is a file "inside/notes" of 12 bytes in the workspace
      And a symbolic link "alias" in the workspace that leads to "inside"
      When the controller calls "file.read" for "alias/notes"
      Then the controller gets the bytes from 0 up to 12 of "inside/notes"

  Rule: Nothing outside is told when a part of the path becomes a symbolic link meanwhile

    @req:rpc.file.race @long @negative
    Scenario: A folder that is now a folder and now a link to one outside
      Given a folder "door" in the workspace that is exchanged for a link out of it, again and again
      Then 150 "file.read" and 50 "file.list" through "door" tell nothing of what is outside

  Rule: A path that leads to nothing, or a list of no folder, is "not-found"

    @req:rpc.file.missing
    Scenario: Nothing there
      Given there is a file "notes" of 12 bytes in the workspace
      And a symbolic link "loop" in the workspace that leads to "loop"
      And a symbolic link "broken" in the workspace that leads to "no-such-thing"
      Then each of these is answered with the error "not-found"
        | method    | params                       |
        | file.read | {"path":"no-such-thing"}     |
        | file.read | {"path":"notes/deeper"}      |
        | file.read | {"path":"loop"}              |
        | file.read | {"path":"broken"}            |
        | file.stat | {"path":"no/such/thing"}     |
        | file.list | {"path":"no","limit":10}     |
        | file.list | {"path":"notes","limit":10}  |

    @req:rpc.request.invalid-params
    Scenario: Params that name no path
      Then each of these is answered with the error "invalid-params"
        | method    | params                                |
        | file.read | {}                                    |
        | file.read | {"path":""}                           |
        | file.read | {"path":"a\u0000b"}                   |
        | file.read | {"path":"a","offset":-1}              |
        | file.read | {"path":"a","length":0}               |
        | file.read | {"path":"a","length":524289}          |
        | file.list | {"path":".","limit":0}                |
        | file.list | {"path":".","limit":501}              |

  Rule: Only regular files are read, and nothing else is waited for

    @req:rpc.file.regular
    Scenario: A folder and a fifo
      Given there is a folder "inside" in the workspace
      And there is a fifo "pipe" in the workspace
      And a symbolic link "to-pipe" in the workspace that leads to "pipe"
      Then each of these is answered with the error "not-a-file"
        | method    | params               |
        | file.read | {"path":"."}         |
        | file.read | {"path":"inside"}    |
        | file.read | {"path":"pipe"}      |
        | file.read | {"path":"to-pipe"}   |

  Rule: A piece is the bytes from "offset" on, "length" or 524,288 of them, fewer only at the end, with their SHA-256

    @req:rpc.file.range @req:rpc.file.hash
    Scenario: A file of more than two pieces
      Given there is a file "large" of 1,100,000 bytes in the workspace
      When the controller calls "file.read" for "large"
      Then the controller gets the bytes from 0 up to 524288 of "large"
      When the controller calls "file.read" for "large" from 524288
      Then the controller gets the bytes from 524288 up to 1048576 of "large"
      When the controller calls "file.read" for "large" from 1048576
      Then the controller gets the bytes from 1048576 up to 1100000 of "large"
      When the controller calls "file.read" for "large" from 1100000
      Then the controller gets the bytes from 1100000 up to 1100000 of "large"
      When the controller calls "file.read" for "large" from 9007199254740991
      Then the controller gets the bytes from 1100000 up to 1100000 of "large"

    @req:rpc.file.range @req:rpc.file.hash
    Scenario: A part, and a file without a byte
      Given there is a file "notes" of 300 bytes in the workspace
      And there is a file "empty" of 0 bytes in the workspace
      When the controller calls "file.read" for "notes" from 100, 7 bytes of it
      Then the controller gets the bytes from 100 up to 107 of "notes"
      When the controller calls "file.read" for "notes" from 299, 7 bytes of it
      Then the controller gets the bytes from 299 up to 300 of "notes"
      When the controller calls "file.read" for "empty"
      Then the controller gets the bytes from 0 up to 0 of "empty"

  Rule: A "version" that is no longer the file's is a "conflict" with the present one

    @req:rpc.file.version @req:rpc.file.changed
    Scenario: A file that changes between two pieces
      Given there is a file "large" of 700,000 bytes in the workspace
      And the controller has read a piece of "large" by "file.read"
      When the controller calls "file.read" for "large" from 524288 in the version that it knows
      Then the controller gets the bytes from 524288 up to 700000 of "large"
      When "large" in the workspace becomes one byte longer
      And the controller calls "file.read" for "large" from 524288 in the version that it knows
      Then the controller is answered with the error "conflict" and the version that "file.stat" tells

    @req:rpc.file.changed
    Scenario Outline: Each change gives another version
      Given there is a file "notes" of 300 bytes in the workspace
      And the controller has read a piece of "notes" by "file.read"
      When "notes" in the workspace <changes>
      And the controller calls "file.read" for "notes" from 0 in the version that it knows
      Then the controller is answered with the error "conflict" and the version that "file.stat" tells

      Examples:
        | changes                                                  |
        | becomes one byte longer                                  |
        | gets other content of the same length, a second later    |
        | gives its place to another file, as large and as old     |

  Rule: "file.stat" tells what the path leads to

    @req:rpc.file.stat
    Scenario: A file, a folder, a fifo, and symbolic links to them
      Given there is a folder "inside" in the workspace
      And there is a file "inside/notes" of 300 bytes in the workspace
      And there is a fifo "pipe" in the workspace
      And a symbolic link "alias" in the workspace that leads to "inside"
      And a symbolic link "to-notes" in the workspace that leads to "alias/notes"
      Then "file.stat" tells of each of these
        | path        | type   | size |
        | .           | folder |      |
        | inside      | folder |      |
        | alias       | folder |      |
        | alias/notes | file   | 300  |
        | to-notes    | file   | 300  |
        | pipe        | other  |      |

  Rule: Entries are listed in the order of the bytes of their names, "limit" of those behind "after"

    @req:rpc.file.list
    Scenario: Names that other orders put elsewhere, and names that mean something to a terminal
      Given there is a folder "names" in the workspace
      And there are files in "names" with names that other orders would put elsewhere
      When the controller calls "file.list" for "names"
      Then the controller gets exactly these files, in the order of their bytes

    @req:rpc.file.page
    Scenario: Pages, while entries come and go
      Given there is a folder "many" in the workspace
      And there are 25 files in "many"
      When the controller calls "file.list" for "many" in pages of 4, while files that it has seen are deleted and others are made in front of them
      Then the controller has got each of the 25 files exactly once

    @req:rpc.file.page
    Scenario: An empty folder, and a page that ends with the folder
      Given there is a folder "many" in the workspace
      When the controller calls "file.list" for "many" with the limit 4
      Then the controller gets 0 entries and no more follow
      Given there are 4 files in "many"
      When the controller calls "file.list" for "many" with the limit 4
      Then the controller gets 4 entries and no more follow
      When the controller calls "file.list" for "many" with the limit 3
      Then the controller gets 3 entries and more follow

  Rule: A symbolic link is listed as "link"

    @req:rpc.file.entry-link
    Scenario: Links to a file, to a folder outside, and to nothing
      Given there is a folder "links" in the workspace
      And there is a file "notes" of 30,000 bytes in the workspace
      And a symbolic link "links/file" in the workspace that leads to "../notes"
      And a symbolic link "links/out" in the workspace that leads to "/etc"
      And a symbolic link "links/nothing" in the workspace that leads to "/no/such/thing"
      When the controller calls "file.list" for "links"
      Then the controller gets 3 entries of the type "link", and not the size of "notes"

  Rule: A name that is not UTF-8 is listed as "unreachable" with U+FFFD

    @req:rpc.file.name
    Scenario: Two names in Latin-1 that look the same then
      Given there is a folder "latin" in the workspace
      And there are files in "latin" whose names are the bytes "63 61 66 e9" and "63 61 66 e8"
      When the controller calls "file.list" for "latin"
      Then the controller gets one entry "caf\ufffd" of the type "unreachable"
