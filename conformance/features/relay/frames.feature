@relay
Feature: Routed frames
  A relay looks at the first 33 bytes of a frame and passes the whole on as it is.

  Background:
    Given a relay under test

  Rule: A routed frame is forwarded as the very bytes that were received, in one binary frame

    @req:relay.frame.verbatim
    Scenario Outline: A frame with a payload of <size> bytes arrives unchanged
      Given an agent and a controller that have bound their routes to each other
      When the agent sends a frame with a payload of <size> bytes to the controller
      Then the controller gets the very bytes

      Examples:
        | size   |
        | 0      |
        | 1      |
        | 125    |
        | 65536  |
        | 262367 |

    @req:relay.frame.verbatim
    Scenario: A frame that comes in fragments arrives whole
      Given an agent and a controller that have bound their routes to each other
      When the agent sends a frame in 5 WebSocket fragments to the controller
      Then the controller gets the very bytes

    @req:relay.frame.verbatim
    Scenario: A payload that looks like a control message is only a payload
      Given an agent and a controller that have bound their routes to each other
      When the agent sends a frame to the controller whose payload is the text of an "unbind"
      Then the controller gets the very bytes
      And frames pass between the agent and the controller

  Rule: Frames from one route to another arrive at most once each, and in their order

    @req:relay.frame.order
    Scenario: 500 frames of different sizes stay in order
      Given an agent and a controller that have bound their routes to each other
      When the agent sends 500 numbered frames of different sizes to the controller
      Then the controller gets them all, once each, in their order

    @req:relay.frame.order
    Scenario: Frames in both directions at once stay in order
      Given an agent and a controller that have bound their routes to each other
      When the agent and the controller send each other 200 numbered frames
      Then the agent gets them all, once each, in their order
      And the controller gets them all, once each, in their order

  Rule: A binary frame that is shorter than 33 bytes, or does not begin with 0x01, is malformed

    @req:relay.frame.type @req:security.parse.strict @negative
    Scenario Outline: A binary frame that <what> is malformed
      Given an agent that has bound its route for a controller
      When the agent sends a binary frame that <what>
      Then the relay closes the connection of the agent with 4400 "malformed"

      Examples:
        | what                          |
        | is empty                      |
        | has 32 bytes                  |
        | begins with another type byte |

  Rule: A frame larger than maxFrame closes the connection with 4413

    @req:relay.frame.size
    Scenario: A binary frame as large as maxFrame is forwarded
      Given an agent and a controller that have bound their routes to each other
      When the agent sends a frame as large as maxFrame to the controller
      Then the controller gets the very bytes

    @req:relay.frame.size
    Scenario: A binary frame one byte larger than maxFrame is too large
      Given an agent that has bound its route for a controller
      When the agent sends a binary frame that is one byte larger than maxFrame
      Then the relay closes the connection of the agent with 4413 "too-large"

    @req:relay.frame.size
    Scenario: A text frame one byte larger than maxFrame is too large
      Given an agent that has bound its route for a controller
      When the agent sends a text frame that is one byte larger than maxFrame
      Then the relay closes the connection of the agent with 4413 "too-large"

  Rule: A frame whose from is not bound on the sending connection is dropped and answered

    @req:relay.frame.from
    Scenario: A client cannot send in the name of another
      Given an agent and a controller that have bound their routes to each other
      And a stranger that has bound an open route
      When the stranger sends a frame to the agent in the name of the controller
      Then the stranger is told that the frame was not delivered
      And the agent hears nothing
      And the controller hears nothing

    @req:relay.frame.from
    Scenario: A client cannot send from a route that it has not bound yet
      Given an agent that has bound an open route
      And a stranger that has bound an open route
      When the stranger sends a frame to the agent from its second route
      Then the stranger is told that the frame was not delivered
      And the agent hears nothing

  Rule: A frame to a route that is bound with another peer is dropped and answered

    @req:relay.frame.permission
    Scenario: A stranger cannot reach a route that names another peer
      Given an agent and a controller that have bound their routes to each other
      And a stranger that has bound its route for the agent
      When the stranger sends a frame to the agent
      Then the stranger is told that the frame was not delivered
      And the agent hears nothing

    @req:relay.frame.permission
    Scenario: The peer of one route has no right to the other routes of its connection
      Given an agent and a controller that have bound their routes to each other
      And the agent has bound its second route for a phone
      When the controller sends a frame to the agent's second route
      Then the controller is told that the frame was not delivered
      And the agent hears nothing

  Rule: A frame is not dropped because of the peer of its sender

    @req:relay.frame.peer @negative
    Scenario: A route that is still open may answer the first controller
      Given an agent that has bound an open route
      And a controller that has bound its route for the agent
      When the agent sends a frame to the controller
      Then the controller gets the very bytes

    @req:relay.frame.peer @negative
    Scenario: A route may send to another than its own peer
      Given an agent that has bound its route for a stranger
      And a controller that has bound its route for the agent
      When the agent sends a frame to the controller
      Then the controller gets the very bytes

  Rule: A frame to a route that is bound nowhere is dropped and answered

    @req:relay.frame.offline
    Scenario: A frame to a route that nobody has bound
      Given an agent that has bound its route for a controller
      When the agent sends a frame to a route that nobody has bound
      Then the agent is told that the frame was not delivered

    @req:relay.frame.offline
    Scenario: A frame to a peer that has gone
      Given an agent and a controller that have bound their routes to each other
      When the controller loses its connection
      Then the agent is told that the controller is offline
      And a frame from the agent to the controller is not delivered

  Rule: A relay keeps no payload for later delivery

    @req:relay.storage.none @negative
    Scenario: A frame that found nobody does not come later
      Given an agent that has bound its route for a controller
      And a frame from the agent to the controller was not delivered
      When a controller connects and binds its route for the agent
      Then the controller gets no frame
