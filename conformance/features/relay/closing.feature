@relay
Feature: Closing
  A relay says why it closes, closes with the right code, and hurts nobody else.

  Background:
    Given a relay under test

  Rule: "error" with the matching code comes before a close from 4400 to 4499, and the close has the code of the table

    @req:relay.error.first @req:relay.close.code
    Scenario Outline: Before it closes with <close>, the relay says "<code>"
      Given an agent and a controller that have bound their routes to each other
      When the agent <does>
      Then the agent's first connection is told the error "<code>"
      And the relay closes the agent's first connection with <close>

      Examples:
        | does                                                        | code            | close |
        | sends a text frame that is not JSON                         | malformed       | 4400  |
        | sends a binary frame that has 32 bytes                      | malformed       | 4400  |
        | binds the same route on a second connection                 | superseded      | 4409  |
        | sends a binary frame that is one byte larger than maxFrame  | too-large       | 4413  |

    @req:relay.error.first @req:relay.close.code
    Scenario: Before it closes with 4401, the relay says "unauthenticated"
      Given a client that has connected
      When the client sends a "bind" whose signature is all zeros
      Then the client is told the error "unauthenticated"
      And the relay closes the connection of the client with 4401

    @req:errors.code.registry @negative
    Scenario: Errors carry no code but those of the relay's table
      Given a client that has connected
      When the client does everything wrong that a client can, each on a new connection
      Then each "error" has a code of the relay's table

  Rule: A connection whose client does not complete the closing handshake is ended all the same

    @req:relay.close.bounded
    Scenario: A client that never answers a close
      Given a client that has connected and will not answer a close
      When the client sends a text frame that is not JSON by hand
      Then the relay ends the connection of that client within 30 s

  Rule: An error of one connection changes nothing on another

    @req:relay.isolation @negative
    Scenario Outline: A stranger that <does> disturbs nobody
      Given an agent and a controller that have bound their routes to each other
      And a stranger that has bound its route for the agent
      When the stranger <does>
      Then the relay closes the connection of the stranger
      And the agent hears nothing
      And the controller hears nothing
      And frames pass between the agent and the controller

      Examples:
        | does                                                        |
        | sends a text frame that is not JSON                         |
        | sends a text frame that is not UTF-8                        |
        | sends a binary frame that is empty                          |
        | sends a binary frame that is one byte larger than maxFrame  |

    @req:relay.isolation @negative
    Scenario: A connection that is cut in the middle of a frame disturbs nobody
      Given an agent and a controller that have bound their routes to each other
      And a stranger that has bound its route for the agent
      When the stranger loses its connection in the middle of a frame
      Then the agent hears nothing
      And the controller hears nothing
      And frames pass between the agent and the controller
