@agent
Feature: Terminals
  A terminal is a program at the agent. It outlives sessions and those who watch it.

  Background:
    Given an agent under test, with an assistant
    And a controller that is paired with it

  Rule: Each terminal has a UUID of its own

    @req:rpc.terminal.id
    Scenario: Terminals that are opened one after the other
      When the controller opens 5 terminals and closes each
      Then no two of them have the same "terminalId"

  Rule: Every controller with "terminal" is told "terminal.opened"

    @req:rpc.terminal.opened
    Scenario: The other controller hears who opened it
      Given a second controller that is paired with it
      When the controller opens a terminal that runs "cat"
      Then the controller is told "terminal.opened" of the terminal, by the controller
      And the second controller is told "terminal.opened" of the terminal, by the controller

  Rule: A cwd outside the workspace is "path-outside-workspace", symbolic links resolved

    @req:rpc.terminal.cwd
    Scenario: Ways out of the workspace
      Given there is a folder "inside" in the workspace
      And a symbolic link "way-out" in the workspace that leads to "/"
      Then each of these folders is answered with the error "path-outside-workspace"
        | ..           |
        | /            |
        | inside/../.. |
        | way-out      |
        | way-out/tmp  |
      And the agent has opened no terminal

    @req:rpc.terminal.cwd
    Scenario: A folder inside the workspace
      Given there is a folder "inside" in the workspace
      When the controller opens a terminal that runs "pwd" in the folder "inside"
      Then the terminal shows the path of "inside" in the workspace

  Rule: A command is run as a program with its arguments; without one, the user's shell

    @req:rpc.terminal.program
    Scenario: What means something to a shell means nothing here
      When the controller opens a terminal that runs "printf" with "%s" and "$HOME;*|`id`"
      Then the terminal shows "$HOME;*|`id`"

    @req:rpc.terminal.program
    Scenario: Without a command there is a shell
      Given the controller has opened a terminal without a command
      When the controller types "echo $((6*7))" and Enter
      Then the terminal shows "42"

  Rule: The agent's own secrets and settings are not in the environment of a terminal

    @req:rpc.terminal.environment @negative
    Scenario: The secret that the suite has handed to the agent
      When the controller opens a terminal that runs "env"
      Then the terminal ends, and has not shown the secret of the agent

  Rule: An agent that stops, or is told "terminal.close", ends a terminal and what runs in it

    @req:rpc.terminal.killed
    Scenario: The agent stops
      Given the controller has opened a terminal with a program in the background
      When the agent is stopped
      Then neither the program nor what it started is left

    @req:rpc.terminal.killed
    Scenario: The agent stops while the programs of a terminal ignore SIGHUP
      Given the controller has opened a terminal whose programs ignore SIGHUP
      When the agent is stopped
      Then neither the program nor what it started is left

    @req:rpc.terminal.close @req:rpc.terminal.exited
    Scenario: The controller closes a terminal whose programs ignore SIGHUP
      Given the controller has opened a terminal whose programs ignore SIGHUP
      When the controller closes the terminal
      Then the controller is told "terminal.exited" with the reason "closed"
      And neither the program nor what it started is left

    @req:rpc.terminal.close
    Scenario: The controller closes a terminal with a program in the background
      Given the controller has opened a terminal with a program in the background
      When the controller closes the terminal
      Then neither the program nor what it started is left

  Rule: "terminal.exited" tells where the output of a terminal ends

    @req:rpc.terminal.exited
    Scenario: A program that says 1000 bytes and ends with 3, and a controller that does not watch
      Given a second controller that is paired with it
      When the controller opens a terminal that says 1000 bytes and ends with the exit code 3
      Then the controller is told "terminal.exited" with the exit code 3 and the end 1000
      And the second controller is told "terminal.exited" with the exit code 3 and the end 1000

  Rule: A write to, or a resize of, a terminal that has ended is "not-found"

    @req:rpc.write.ended
    Scenario: After the end
      Given the controller has opened a terminal that has ended
      Then a "terminal.write" to it and a "terminal.resize" of it are answered with the error "not-found"

  Rule: A terminal has the size of the last "terminal.resize", and every controller with "terminal" is told

    @req:rpc.terminal.resize
    Scenario: The last of two viewers wins, the program sees it, and both are told
      Given a second controller that is paired with it
      And the controller has opened a terminal that tells its size when asked
      When the controller resizes the terminal to 100 columns and 30 rows
      And the second controller resizes the terminal to 60 columns and 20 rows
      And the program is asked for its size
      Then the terminal shows "20 60"
      And both controllers are told "terminal.resized" with 100 columns and 30 rows
      And both controllers are told "terminal.resized" with 60 columns and 20 rows

  Rule: A write is accepted only at the number of bytes accepted so far from this controller, and tells the next

    @req:rpc.write.offset @req:rpc.write.result
    Scenario: Each controller has a count of its own, which goes on in a new session
      Given a second controller that is paired with it
      And the controller has opened a terminal that runs "cat"
      When the controller types "one" at 0
      Then the controller is answered with the offset 3
      When the second controller types "größer" at 0
      Then the second controller is answered with the offset 8
      When the controller makes a new session
      And the controller types "two" at 3
      Then the controller is answered with the offset 6
      When the controller attaches to the terminal
      Then the controller is answered with 6 bytes written
      And the terminal shows "onegrößertwo"

    @req:rpc.write.offset @req:rpc.write.conflict
    Scenario: Any other offset is a "conflict" with the expected one, and nothing is written
      Given the controller has opened a terminal that runs "cat"
      And the controller has typed "one" at 0
      When the controller types "two" at 0
      Then the controller is answered with the error "conflict" and the expected offset 3
      When the controller types "two" at 2
      Then the controller is answered with the error "conflict" and the expected offset 3
      When the controller types "two" at 4
      Then the controller is answered with the error "conflict" and the expected offset 3
      And the terminal shows "one" and no more
