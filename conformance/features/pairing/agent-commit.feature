@agent
Feature: The commit, at the agent
  The digits are right: the agent stores the pairing, and then says so until the controller has heard.

  Background:
    Given an agent under test that keeps what it stores
    And the agent asks for the digits of a controller

  Rule: The record is stored before the controller hears of it

    @req:pairing.agent.commit
    Scenario: An agent that is killed after "pair.complete" is paired
      Given the person types the digits that the controller shows
      And the agent sends "pair.complete"
      When the agent loses power and is started again
      Then the agent lists the controller
      And the agent asks for a rekey with REKEY_ASK

  Rule: Of the code nothing is stored

    @negative @req:pairing.qr.no-log @req:security.secret.quiet
    Scenario: The code is in no log and in no file
      When the person types the digits that the controller shows
      Then the agent sends "pair.complete"
      And neither its log nor its files contain the code or its secret

  Rule: Before the record is stored, requests do not count

    @negative @req:pairing.agent.control-only
    Scenario: A request that was sent before the digits were typed is never answered
      When the controller sends a request before the digits were typed
      Then the agent stays silent
      When the person types the digits that the controller shows
      Then the agent sends "pair.complete"
      And the request is not answered

  Rule: "pair.complete" is sent at once, and every 2 s until it is heard or 10 s have passed

    @req:pairing.agent.complete
    Scenario: A controller that does not hear is told again
      Given the controller answers no "pair.complete"
      When the person types the digits that the controller shows
      And 16 s have passed, half a second at a time
      Then "pair.complete" has come every 2 s, for 10 s, each time as a new message

    @req:pairing.agent.complete
    Scenario: A controller that has heard is not told again
      When the person types the digits that the controller shows
      Then the agent sends "pair.complete"
      When 10 s have passed
      Then "pair.complete" has not come again

    @req:pairing.agent.complete
    Scenario: After a reconnect it is said again
      Given the controller answers no "pair.complete"
      When the person types the digits that the controller shows
      Then the agent sends "pair.complete"
      When the agent's connection is cut, and made again
      Then the agent sends "pair.complete"

    @req:pairing.agent.complete
    Scenario: An agent that is not heard is paired all the same
      Given the controller answers no "pair.complete"
      When the person types the digits that the controller shows
      And 15 s have passed
      Then the agent lists the controller
