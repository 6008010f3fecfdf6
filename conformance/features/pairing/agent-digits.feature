@agent
Feature: The six digits, at the agent
  The person looks at the controller and types what it shows. Nothing is stored before that.

  Background:
    Given an agent under test that keeps what it stores
    And the agent asks for the digits of a controller

  Rule: Without the right digits there is no pairing

    @negative @req:pairing.sas.typed @req:pairing.agent.nothing-before
    Scenario: Before the digits were typed the agent is not paired
      Then the agent lists no device
      And the agent stays silent

    @negative @req:pairing.sas.typed
    Scenario: Wrong digits do not pair
      When the person types wrong digits
      Then the agent asks again, with 2 tries left
      And the agent lists no device
      And the digits that the controller shows are still good

    @negative @req:pairing.sas.tries @req:pairing.hs-error.code @req:pairing.agent.abort-answer
    Scenario: The third wrong try ends the attempt
      When the person types wrong digits 3 times
      Then the agent answers M3 with HS_ERROR "sas-mismatch"
      And the agent's attempt ends with "sas-mismatch"
      And the agent has given up the route of the code

    @negative @req:pairing.sas.time @req:pairing.agent.abort-answer
    Scenario: The digits have 60 s
      When 57 s have passed
      Then the agent still waits
      When 5 s have passed
      Then the agent answers M3 with HS_ERROR "rejected"
      And the agent's attempt ends with "pair-expired"

    @negative @req:pairing.agent.abort @req:pairing.agent.abort-answer
    Scenario: The person gives up
      When the person gives up
      Then the agent answers M3 with HS_ERROR "rejected"
      And the agent has given up the route of the code

    @negative @req:pairing.sas.hidden
    Scenario: The agent tells the digits to nobody
      Then neither its log nor what it tells contains the digits

  Rule: Nothing is stored before the digits were typed

    @negative @req:pairing.agent.nothing-before
    Scenario: An agent that is killed while it asks knows nothing of it afterwards
      When the agent loses power and is started again
      Then the agent lists no device
      And the agent binds no route

    @negative @req:pairing.agent.replace
    Scenario: An older pairing with the same device stays until the digits were typed
      Given the person types the digits that the controller shows
      And the agent is paired with the controller
      When the same device pairs again, up to the digits
      Then the older pairing is still there
      When the person types the new digits
      Then the new pairing has taken the place of the older one
