@interop
Feature: Terminals

  Rule: Output arrives whole and in order, and input too

    @S
    Scenario: Both ways through a terminal
      Given the agent and the controller are paired
      When the controller opens a terminal in which 140,000 lines wait to be asked for
      And the controller types 20 lines, one after the other
      Then each line comes back
      When the controller asks for the 140,000 lines
      Then they arrive whole and in order

  Rule: A connection that is lost loses nothing

    @D
    Scenario: Both sockets are cut while output streams
      Given the agent and the controller are paired
      And a terminal counts to 20,000
      When the socket of the controller is cut, and then the socket of the agent
      Then the numbers arrive whole and in order
      And the controller is answered

    @DR
    Scenario: The relay is killed while output streams, and starts again
      Given the agent and the controller are paired
      And a terminal counts to 20,000
      When the relay is killed and starts again
      Then the numbers arrive whole and in order
      And the controller is answered

    @DA
    Scenario: The agent is killed and starts again
      Given the agent and the controller are paired
      When the agent is killed and starts again
      Then the controller is answered

  Rule: New keys come without anybody noticing

    @K
    Scenario: The controller is killed and starts again, and then the session grows old
      Given the agent and the controller are paired
      When the controller is killed and starts again
      Then the controller is answered
      And the agent lists the controller by its name, and as online
      When 31 days pass at both ends
      Then the controller is answered
