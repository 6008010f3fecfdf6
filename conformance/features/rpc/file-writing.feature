@agent
Feature: Writing files
  A controller with "files" puts files in their places, each as a whole or not at all.

  Background:
    Given an agent under test, with an assistant
    And a controller that is paired with it

  Rule: After "file.write" there is a file with exactly that content, and the result tells its hash and its version

    @req:rpc.file.write @req:rpc.file.write-result
    Scenario: Text, bytes, nothing, and more than a message holds
      Given there is a folder "inside" in the workspace
      And a symbolic link "alias" in the workspace that leads to "inside/text"
      Then each of these is written by "file.write", and the result tells its hash and its version
        | path        | content             | encoding  |
        | inside/text | one\nzwei ü 😀       |           |
        | inside/text | shorter             | utf-8     |
        | bytes       | _wAbCg              | base64url |
        | empty       |                     | utf-8     |
        | a b\nc      | x                   |           |
        | alias       | through a link      |           |
      And 300,000 bytes in "large" are written by "file.write", and the result tells its hash and its version
      And "alias" in the workspace is still a symbolic link

  Rule: Wrong params are "invalid-params"

    @req:rpc.file.write-params @req:rpc.file.write-refused
    Scenario: Both, neither, and what is not of its encoding
      Given what is in the workspace is remembered
      Then each of these is answered with the error "invalid-params"
        | method      | params                                                                              |
        | file.write  | {"path":"a"}                                                                        |
        | file.write  | {"path":"a","content":"x","upload":"b0a4d6c8-7f0e-4b6c-9a35-6c2d1e8f7a90"}          |
        | file.write  | {"path":"a","content":"a+b/","encoding":"base64url"}                                |
        | file.write  | {"path":"a","content":"aGVsbG8=","encoding":"base64url"}                            |
        | file.write  | {"path":"a","content":"aGVsbG9","encoding":"base64url"}                             |
        | file.write  | {"path":"a","content":"half \ud83d","encoding":"utf-8"}                             |
        | file.write  | {"path":"a\u0000b","content":"x"}                                                   |
      And the workspace is as it was

  Rule: The new file takes the place of the old one at once, with its permission bits

    @req:rpc.file.replace @req:rpc.file.mode
    Scenario: A file with a second name that may be executed
      Given there is a file "script" of 300 bytes in the workspace
      And "script" in the workspace may be executed and has the second name "before"
      When the controller calls "file.write" for "script" with the text "new"
      Then the controller is answered with a result
      And "script" in the workspace holds the text "new" and may be executed
      And "before" in the workspace still holds its 300 bytes

  Rule: What is not expected is a "conflict" with the present hash, and stays

    @req:rpc.file.expected @req:rpc.file.write-refused
    Scenario: A file that was changed, made or removed meanwhile
      Given there is a file "notes" of 300 bytes in the workspace
      And what is in the workspace is remembered
      When the controller calls "file.write" for "notes" and expects another content
      Then the controller is answered with the error "conflict" and the hash of "notes"
      When the controller calls "file.write" for "notes" and expects nothing there
      Then the controller is answered with the error "conflict" and the hash of "notes"
      When the controller calls "file.write" for "missing" and expects another content
      Then the controller is answered with the error "conflict" and no hash
      And the workspace is as it was
      When the controller calls "file.write" for "notes" and expects what is there
      Then the controller is answered with a result
      When the controller calls "file.write" for "missing" and expects nothing there
      Then the controller is answered with a result

    @req:rpc.file.turn @negative
    Scenario: Eight writes at once that all expect the same
      Given there is a file "notes" of 300,000 bytes in the workspace
      When the controller calls "file.write" for "notes" 8 times in one batch and expects what is there
      Then exactly one is answered with a result, and the others with the error "conflict"

  Rule: Nothing is written to ".git", ".claude" or ".mcp.json"

    @req:rpc.file.protected @req:rpc.file.write-refused
    Scenario: As it is written, in another case, and through a symbolic link
      Given there is a folder ".git" in the workspace
      And there is a folder ".git/hooks" in the workspace
      And there is a folder "inside" in the workspace
      And a symbolic link "inside/hooks" in the workspace that leads to "../.git/hooks"
      And what is in the workspace is remembered
      Then each of these is answered with the error "forbidden"
        | method     | params                                                  |
        | file.write | {"path":".git/config","content":"x"}                    |
        | file.write | {"path":".git/hooks/pre-commit","content":"x"}          |
        | file.write | {"path":"inside/hooks/pre-commit","content":"x"}        |
        | file.write | {"path":"inside/../.GIT/config","content":"x"}          |
        | file.write | {"path":"inside/.Git","content":"gitdir: elsewhere"}    |
        | file.write | {"path":".git","content":"x"}                           |
        | file.write | {"path":".claude/settings.json","content":"x"}          |
        | file.write | {"path":"inside/.CLAUDE/x","content":"x"}               |
        | file.write | {"path":".mcp.json","content":"x","expectedHash":null}  |
        | file.write | {"path":"inside/.MCP.json","content":"x"}               |
      And the workspace is as it was
      And each of these is written by "file.write", and the result tells its hash and its version
        | path               | content | encoding |
        | .gitignore         | x       |          |
        | inside/git         | x       |          |
        | inside/a.mcp.json  | x       |          |

  Rule: No folder is "not-found", no regular file is "not-a-file", and nothing is written outside

    @req:rpc.file.write-place @req:rpc.file.inside @req:rpc.file.write-refused
    Scenario: Places where no file can be put
      Given there is a folder "inside" in the workspace
      And there is a fifo "pipe" in the workspace
      And there is a file "notes" of 300 bytes in the workspace
      And a symbolic link "way-out" in the workspace that leads to "/tmp"
      And a symbolic link "dangling" in the workspace that leads to "/tmp/happy-remote-no-such-thing"
      And a symbolic link "broken" in the workspace that leads to "no-such-thing"
      And what is in the workspace is remembered
      Then each of these is answered with the error "not-found"
        | method     | params                                |
        | file.write | {"path":"no/file","content":"x"}      |
        | file.write | {"path":"notes/file","content":"x"}   |
      And each of these is answered with the error "not-a-file"
        | method     | params                                |
        | file.write | {"path":".","content":"x"}            |
        | file.write | {"path":"inside","content":"x"}       |
        | file.write | {"path":"pipe","content":"x"}         |
        | file.write | {"path":"broken","content":"x"}       |
      And each of these is answered with the error "path-outside-workspace"
        | method     | params                                                           |
        | file.write | {"path":"../happy-remote-written","content":"x"}                 |
        | file.write | {"path":"/tmp/happy-remote-written","content":"x"}               |
        | file.write | {"path":"way-out/happy-remote-written","content":"x"}            |
        | file.write | {"path":"dangling","content":"x"}                                |
        | file.write | {"path":"inside/../../happy-remote-written","content":"x"}       |
      And the workspace is as it was

    @req:rpc.file.write-race @long @negative
    Scenario: A folder that is now a folder and now a link to one outside
      Given a folder "door" in the workspace that is exchanged for a link out of it, again and again
      Then 150 "file.write" through "door" leave what is outside as it was

  Rule: An upload takes pieces at the number of bytes accepted so far, and "file.write" puts it in place

    @req:rpc.file.upload-offset @req:rpc.file.upload-result @req:rpc.file.write
    Scenario: Pieces over two sessions, and one that comes again
      When the controller calls "file.upload" with 500,000 bytes at 0
      Then the controller is answered with the offset 500000
      When the controller calls "file.upload" with 500,000 bytes at 0
      Then the controller is answered with the error "conflict" and the expected offset 500000
      When the controller makes a new session
      And the controller calls "file.upload" with 100,000 bytes at 600000
      Then the controller is answered with the error "conflict" and the expected offset 500000
      When the controller calls "file.upload" with 100,000 bytes at 500000
      Then the controller is answered with the offset 600000
      When the controller calls "file.write" for "large" with the upload
      Then the controller is answered with a result
      And "large" in the workspace holds what was uploaded
      When the controller calls "file.upload" with 10 bytes at 600000
      Then the controller is answered with the error "conflict" and the expected offset 0

    @req:rpc.file.upload-unknown @req:rpc.file.write-refused
    Scenario: An upload that nobody began, and one of another controller
      Given a second controller that is paired with it
      And what is in the workspace is remembered
      When the controller calls "file.write" for "large" with the upload
      Then the controller is answered with the error "not-found"
      When the controller calls "file.upload" with 1,000 bytes at 0
      Then the controller is answered with the offset 1000
      When the second controller calls "file.write" for "large" with the upload
      Then the second controller is answered with the error "not-found"
      And the workspace is as it was
