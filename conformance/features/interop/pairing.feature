@interop
Feature: Pairing

  Three programs, none of them scripted: a relay, an agent and a controller.

  Rule: A code, six digits, and two devices know each other

    @P
    Scenario: Two devices pair, though the digits are mistyped once
      Given the relay and the agent run
      When the agent shows a code and the controller scans it
      And the person types wrong digits at the agent
      Then the agent asks again, with 2 tries left
      When the person types the digits that the controller shows
      Then both tell that they are paired
      And the agent lists the controller and the controller lists the agent

    @X @long
    Scenario: A code has expired before anybody scans it
      Given the relay and the agent run
      When the agent shows a code and 125 s pass at the agent
      Then the agent tells that the code has expired
      And the controller that scans the code shows no digits
      And a new code pairs the two

  Rule: Each end of a pairing tells the other who it is

    @H
    Scenario: Both say hello
      Given the agent and the controller are paired
      Then the agent lists the controller by its name, and as online
      And the controller lists the agent by its name, with the capabilities that it was granted, and as online

  Rule: Either end can end it

    @V
    Scenario: The agent revokes one of two controllers
      Given the agent and the controller are paired
      And a second controller is paired
      When the agent revokes the second controller
      Then the second controller tells that it is revoked, and lists no agent
      And the controller is told that a device is revoked
      And the controller is answered

    @VC
    Scenario: The controller revokes itself
      Given the agent and the controller are paired
      When the controller revokes the pairing
      Then the agent lists no device
      And the controller lists no agent
