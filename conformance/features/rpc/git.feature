@agent
Feature: Git
  A controller sees what has changed in the workspace, commits and pushes it.

  Background:
    Given an agent under test, with an assistant
    And a controller that is paired with it and may also "git.push"

  Rule: Where the workspace is not the top folder of a working tree it is "not-found"

    @req:rpc.git.repository
    Scenario: No repository, and one above
      Given the agent has git
      Then each of these is answered with the error "not-found"
        | method     | params           |
        | git.status | {}               |
        | git.diff   | {}               |
        | git.log    | {"limit": 1}     |
        | git.show   | {"commit": "0123abc"} |
        | git.commit | {"message": "x"} |
        | git.push   | {}               |
      Given a repository in the folder above the workspace
      When the controller calls "git.status"
      Then the controller is answered with the error "not-found"

  Rule: What git refuses is "git-failed", with what git said and its exit code

    @req:rpc.git.failed
    Scenario: Nothing to commit, a path that is not there, and an author who is not known
      Given a repository in the workspace, with the file "a" committed
      When the controller calls "git.commit" with the message "x"
      Then the controller is answered with "git-failed", and git has said "nothing to commit"
      When the controller calls "git.commit" with the message "x" for "-rf"
      Then the controller is answered with "git-failed", and git has said "did not match any file"
      Given git knows no author
      And the file "a" has changed
      When the controller calls "git.commit" with the message "x" for "a"
      Then the controller is answered with "git-failed", and git has said "ident"

    @req:rpc.git.failed @req:rpc.git.status
    Scenario: A merge with a conflict
      Given a repository in the workspace, with the file "a" committed
      And a merge that is left open in the file "a"
      When the controller calls "git.status"
      Then the controller is told the change "UU" of "a", which is in conflict
      When the controller calls "git.commit" with the message "x"
      Then the controller is answered with "git-failed", and git has said "unmerged"

    @req:rpc.git.failed @req:rpc.git.hooks
    Scenario: A hook that says much and refuses
      Given a repository in the workspace, with the file "a" committed
      And a hook that says 9,000 bytes and then "the hook says no", and fails
      And the file "a" has changed
      When the controller calls "git.commit" with the message "x" for "a"
      Then the controller is answered with "git-failed", and git has said "the hook says no"
      And nothing was committed

    @req:rpc.git.failed @req:rpc.git.hooks
    Scenario: A hook that lets nothing be pushed
      Given a repository in the workspace, with the file "a" committed
      And a remote "origin"
      And a hook "pre-push" that says "not today", and fails
      When the controller calls "git.push" to "origin"
      Then the controller is answered with "git-failed", and git has said "not today"
      And "origin" has no commit

  Rule: A git that does not end is ended, after 20 s for a read and 120 s for a command, and is "git-failed" without an exit code

    @req:rpc.git.time
    Scenario: A hook that never ends
      Given a repository in the workspace, with the file "a" committed
      And a hook that does not end
      And the file "a" has changed
      When the controller asks for "git.commit" of "a", and what does not end has begun
      And 110 s have passed
      Then the controller has no answer
      When 12 s have passed
      Then the controller is answered with "git-failed", and git has no exit code
      And nothing was committed
      When the hook is gone
      And the controller calls "git.commit" with the message "x" for "a"
      Then the controller is answered with a result

    @req:rpc.git.time
    Scenario: A filter that never ends
      Given a repository in the workspace, with the file "a" committed
      And a filter that does not end
      And the file "a" has changed
      When the controller asks for "git.diff" of "a", and what does not end has begun
      And 21 s have passed
      Then the controller is answered with "git-failed", and git has no exit code

  Rule: The variables of git in the environment of the agent are not those of its git

    @req:rpc.git.environment
    Scenario: An agent that was started with another author in its environment
      Given a repository in the workspace, with the file "a" committed
      And the file "a" has changed
      When the controller calls "git.commit" with the message "x" for "a"
      Then the controller is answered with a result
      And the author of the last commit is "Ada"

  Rule: Programs that the configuration names for other uses than hooks do not run

    @req:rpc.git.programs @negative
    Scenario: A repository whose configuration runs programs
      Given a repository in the workspace, with the file "a" committed
      And its configuration names a program that leaves a trace
      And the file "a" has changed
      When the controller calls "git.status"
      Then the controller is answered with a result
      When the controller calls "git.diff"
      Then the controller is answered with a result
      When the controller calls "git.show" for the last commit
      Then the controller is answered with a result
      When the controller calls "git.push" to "elsewhere"
      Then the controller is answered with the error "git-failed"
      And no program has left a trace

  Rule: A path that leads out of the workspace is "path-outside-workspace"

    @req:rpc.git.path
    Scenario: As it is written
      Given a repository in the workspace, with the file "a" committed
      Then each of these is answered with the error "path-outside-workspace"
        | method     | params                                       |
        | git.diff   | {"path": ".."}                               |
        | git.diff   | {"path": "/etc/passwd"}                      |
        | git.diff   | {"path": "a/../../b"}                        |
        | git.show   | {"commit": "0123abc", "path": "../a"} |
        | git.commit | {"message": "x", "paths": ["a", "../b"]}     |

  Rule: A path is the name of a file or folder, whatever it looks like

    @req:rpc.git.literal @req:rpc.git.commit
    Scenario: Names like options and patterns
      Given a repository in the workspace, with the file "a" committed
      And the file "a" has changed
      When the controller calls "git.diff" for "--output=trace"
      Then the controller is answered with an empty patch
      When the controller calls "git.diff" for "*"
      Then the controller is answered with an empty patch
      Given there is a new file "-rf"
      And there is a new file "*"
      When the controller calls "git.commit" with the message "x" for "-rf" and "*"
      Then the new commit has "-rf" and "*" and nothing else

  Rule: "git.status" lists what has changed, by whole names

    @req:rpc.git.status
    Scenario: Strange names
      Given a repository in the workspace, with the file "a" committed
      When the controller calls "git.status"
      Then the controller is told the branch "main", the last commit, and no change
      Given the file "a" was renamed to one with a line feed in its name
      And there is a new file "größer 🦊"
      When the controller calls "git.status"
      Then the controller is told the file with the line feed, renamed from "a"
      And the controller is told the change "??" of "größer 🦊"

  Rule: "git.diff" is what is not staged, or what is, and of one path where it names one

    @req:rpc.git.diff
    Scenario: Two files, one of them staged
      Given a repository in the workspace, with the file "a" committed
      And there is a new file "b" that is staged
      And the file "a" has changed
      When the controller calls "git.diff"
      Then the controller is answered with a patch of "a" alone
      When the controller calls "git.diff" for what is staged
      Then the controller is answered with a patch of "b" alone
      When the controller calls "git.diff" for "b"
      Then the controller is answered with an empty patch

  Rule: What would make the body too large is left out, and said to be

    @req:rpc.git.cut
    Scenario: A patch of four megabytes, and a short one
      Given a repository in the workspace, with the file "a" committed
      And the file "a" has changed
      When the controller calls "git.diff"
      Then the controller is told that nothing was left out
      Given the file "a" has changed to 4,000,000 bytes
      When the controller calls "git.diff"
      Then the controller is told that something was left out
      And the body of the answer has at most 1,048,576 bytes

    @req:rpc.git.cut
    Scenario: More changes than fit
      Given a repository in the workspace, with the file "a" committed
      And 8,000 new files with long names
      When the controller calls "git.status"
      Then the controller is told that something was left out
      And the body of the answer has at most 1,048,576 bytes

  Rule: "git.log" tells the commits in pages

    @req:rpc.git.log @req:rpc.git.log-after
    Scenario: Before the first commit, in pages, and behind a commit that there is not
      Given a repository in the workspace
      When the controller calls "git.log" for 5 commits
      Then the controller is answered with no commits
      Given commits on two branches that were merged
      Then "git.log" in pages of 2 tells the controller each commit once, in the order of git
      When the controller calls "git.log" behind a commit that there is not
      Then the controller is answered with the error "not-found"

  Rule: "git.show" is the patch from the first parent of a commit to it

    @req:rpc.git.show
    Scenario: The first commit
      Given a repository in the workspace, with the file "a" committed
      And the file "a" has changed
      When the controller calls "git.show" for the last commit
      Then the controller is answered with a patch of "a" alone
      And the patch says "+a"
      And the sha of the answer is that of the last commit

    @req:rpc.git.show
    Scenario: By the first 7 digits of its name, and of one path
      Given a repository in the workspace, with the file "a" committed
      And a commit of the new files "b" and "c"
      When the controller calls "git.show" for the first 7 digits of the last commit
      Then the controller is answered with a patch of "b,c" alone
      And the sha of the answer is that of the last commit
      When the controller calls "git.show" for the last commit and "c"
      Then the controller is answered with a patch of "c" alone

    @req:rpc.git.show
    Scenario: A merge
      Given a repository in the workspace
      And commits on two branches that were merged
      When the controller calls "git.show" for the last commit
      Then the controller is answered with a patch of "2,3" alone

    @req:rpc.git.show
    Scenario: A renamed file, where the settings of the repository would not tell it as renamed
      Given a repository in the workspace, with the file "a" committed
      And the setting "diff.renames" is "false"
      And a commit in which "a" was renamed to "d"
      When the controller calls "git.show" for the last commit
      Then the patch says "rename from a"
      And the patch says "rename to d"

    @req:rpc.git.show
    Scenario: A file that is not text
      Given a repository in the workspace, with the file "a" committed
      And a commit of a file "b" that is not text
      When the controller calls "git.show" for the last commit
      Then the patch says "Binary files /dev/null and b/b differ"

    @req:rpc.git.show-unknown @negative
    Scenario: A commit that there is not, and a branch and a tag that are called like one
      Given a repository in the workspace, with the file "a" committed
      And a branch "abcdef1" and a tag "abcdef2"
      Then each of these is answered with the error "not-found"
        | method   | params                                                 |
        | git.show | {"commit": "0000000"}                                  |
        | git.show | {"commit": "0000000000000000000000000000000000000000"} |
        | git.show | {"commit": "abcdef1"}                                  |
        | git.show | {"commit": "abcdef2"}                                  |

    @req:rpc.request.invalid-params @negative
    Scenario: What is no name of a commit
      Given a repository in the workspace, with the file "a" committed
      Then each of these is answered with the error "invalid-params"
        | method   | params                                  |
        | git.show | {}                                      |
        | git.show | {"commit": ""}                          |
        | git.show | {"commit": "012345"}                    |
        | git.show | {"commit": "HEAD"}                      |
        | git.show | {"commit": "--output=x"}                |
        | git.show | {"commit": "HEAD; rm a"}                |
        | git.show | {"commit": "0123456\\n"}                |
        | git.show | {"commit": "0123456..abcdef1"}          |
        | git.show | {"commit": "main:a"}                    |

    @req:rpc.git.cut
    Scenario: A commit of four megabytes
      Given a repository in the workspace, with the file "a" committed
      When the controller calls "git.show" for the last commit
      Then the controller is told that nothing was left out
      Given a commit in which "a" has changed to 4,000,000 bytes
      When the controller calls "git.show" for the last commit
      Then the controller is told that something was left out
      And the body of the answer has at most 1,048,576 bytes

    @req:rpc.git.literal
    Scenario: A path like an option and like a pattern
      Given a repository in the workspace, with the file "a" committed
      When the controller calls "git.show" for the last commit and "--output=trace"
      Then the controller is answered with an empty patch
      When the controller calls "git.show" for the last commit and "*"
      Then the controller is answered with an empty patch

  Rule: "git.commit" commits what is staged, or what is there of its paths

    @req:rpc.git.commit
    Scenario: Staged, new and deleted
      Given a repository in the workspace, with the file "a" committed
      And there is a new file "staged" that is staged
      And there is a new file "b"
      And the file "a" is gone
      When the controller calls "git.commit" with the message "paths" for "a" and "b"
      Then the new commit has "a" and "b" and nothing else
      When the controller calls "git.commit" with the message "the rest"
      Then the new commit has "staged" and nothing else

    @req:rpc.git.commit
    Scenario: A deletion that is staged
      Given a repository in the workspace, with the file "a" committed
      And there is a new file "b" that is staged
      And the file "a" is gone, which is staged
      When the controller calls "git.commit" with the message "paths" for "a"
      Then the new commit has "a" and nothing else

  Rule: The commit has the message, whatever it begins with

    @req:rpc.git.message
    Scenario: A message like an option, and one like a comment
      Given a repository in the workspace, with the file "a" committed
      And there is a new file "b" that is staged
      When the controller calls "git.commit" with the message "--amend -m x"
      Then the new commit has the message "--amend -m x"
      Given there is a new file "c" that is staged
      When the controller calls "git.commit" with the message "# one"
      Then the new commit has the message "# one"

  Rule: "git.push" sends a branch to a remote, and never by force

    @req:rpc.git.push @req:rpc.git.failed
    Scenario: A branch that has moved on there
      Given a repository in the workspace, with the file "a" committed
      And a remote "there"
      When the controller calls "git.push"
      Then the controller is answered with a result
      And "there" has the commit of the workspace
      Given another commit at "there", which the workspace does not have
      When the controller calls "git.push" to "there"
      Then the controller is answered with "git-failed", and git has said "rejected"
      And "there" still has the other commit

    @req:rpc.git.remote @req:rpc.git.branch
    Scenario: A remote and a branch that are none
      Given a repository in the workspace, with the file "a" committed
      And a remote "there"
      Then each of these is answered with the error "not-found"
        | method   | params                       |
        | git.push | {"remote": "origin"}         |
        | git.push | {"remote": "--mirror"}       |
        | git.push | {"remote": "/tmp/elsewhere"} |
      And each of these is answered with the error "invalid-params"
        | method   | params                  |
        | git.push | {"branch": "-f"}        |
        | git.push | {"branch": "@{-1}"}     |
        | git.push | {"branch": "main:main"} |
        | git.push | {"branch": "a..b"}      |
      And "there" has no commit
