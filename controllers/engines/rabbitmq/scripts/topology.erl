%% Makes what is declared in one virtual host. A node evaluates it; it may run again at any point.
%%   _1  the virtual host
%%   _2  what is declared: a JSON list of ["policy", name, pattern, kind, priority, definition], ["exchange", name, type],
%%       ["queue", name, arguments] and ["binding", source, kind, destination, routing key, arguments]
%%   _3  the plan that this belongs to
%% Prints a line for each thing that it did, and "! Reason message" for each that could not be as it is declared.
%%
%% What it made is noted in a global parameter before it is made. What is noted and no longer declared is taken away: policies,
%% bindings, and exchanges with nothing bound to them. Queues are never noted, and so never taken away; nor is an exchange that
%% gets what a queue dead-letters: that would be lost.
VHost = _1,
Declared = rabbit_json:decode(_2),
Us = <<"stackwright">>,
Notes = binary_to_atom(<<"stackwright_topology_of_", VHost/binary>>),
Resource = fun(Kind, Name) -> rabbit_misc:r(VHost, Kind, Name) end,
Table = fun(Map) ->
  lists:sort([{Key, case Value of N when is_integer(N) -> long; _ -> longstr end, Value} || {Key, Value} <- maps:to_list(Map)])
end,
Complain = fun(Reason, Subject, Name, Text) ->
  Line = re:replace(unicode:characters_to_binary(Text), "\\s+", " ", [global, unicode]),
  io:format("! ~ts virtual host ~ts, ~ts ~ts: ~ts~n", [Reason, VHost, Subject, Name, Line])
end,

%% Call sends a method of AMQP 0-9-1 as a client inside the node would. An error closes the channel, so each has one of its own.
Call = fun(Method) ->
  {ok, Connection} = amqp_connection:start({amqp_params_direct, none, none, VHost, node(), none, []}),
  try
    {ok, Channel} = amqp_connection:open_channel(Connection),
    amqp_channel:call(Channel, Method),
    ok
  catch
    exit:{{shutdown, {server_initiated_close, _, Text}}, _} -> {error, Text};
    exit:{{shutdown, {connection_closing, {server_initiated_close, _, Text}}}, _} -> {error, Text};
    _:Why -> {error, io_lib:format("~0tp", [Why])}
  after
    (catch amqp_connection:close(Connection))
  end
end,

Binding = fun([_, Source, Kind, Destination, Key, Arguments]) ->
  {binding, Resource(exchange, Source), Key, Resource(binary_to_atom(Kind), Destination), Table(Arguments)}
end,
Bound = rabbit_binding:list(VHost),
Exists = fun
  ([<<"policy">>, Name | _]) -> rabbit_policy:lookup(VHost, Name) =/= not_found;
  ([<<"exchange">>, Name | _]) -> element(1, rabbit_exchange:lookup(Resource(exchange, Name))) =:= ok;
  ([<<"binding">> | _] = Item) -> lists:member(Binding(Item), Bound)
end,
%% Identity is what stays the same of an item while it is changed.
Identity = fun
  ([<<"binding">> | _] = Item) -> Item;
  ([Kind, Name | _]) -> [Kind, Name]
end,

%% Have compares what a queue has with what it should have. Arguments that nobody can declare here are left to whoever gave them.
Ours = [<<"x-max-length">>, <<"x-max-length-bytes">>, <<"x-message-ttl">>, <<"x-max-age">>, <<"x-dead-letter-exchange">>,
  <<"x-dead-letter-routing-key">>, <<"x-delivery-limit">>, <<"x-overflow">>],
Have = fun(Queue) ->
  Given = maps:from_list([{Key, Value} || {Key, _, Value} <- amqqueue:get_arguments(Queue)]),
  Type = case amqqueue:get_type(Queue) of
    rabbit_classic_queue -> <<"classic">>;
    rabbit_quorum_queue -> <<"quorum">>;
    rabbit_stream_queue -> <<"stream">>;
    Other -> atom_to_binary(Other)
  end,
  (maps:with(Ours, Given))#{
    <<"x-queue-type">> => Type, durable => amqqueue:is_durable(Queue), auto_delete => amqqueue:is_auto_delete(Queue)
  }
end,
%% Difference says in words how two maps differ.
Difference = fun(Is, Wanted) ->
  Value = fun(Map, Key) -> case maps:get(Key, Map, none) of V when is_binary(V) -> V; V -> io_lib:format("~tp", [V]) end end,
  lists:join(", ", [io_lib:format("~ts is ~ts and ~ts is declared", [Key, Value(Is, Key), Value(Wanted, Key)])
    || Key <- lists:sort(maps:keys(maps:merge(Is, Wanted))), maps:get(Key, Is, none) =/= maps:get(Key, Wanted, none)])
end,
Stays = fun(Subject, Name, Difference) ->
  Complain(<<"TopologyDiffers">>, Subject, Name, [Difference, "; RabbitMQ cannot change it, so it stays as it is, with its",
    " messages. Declare one of another name and move the clients there; then delete this one by hand"])
end,

Make = fun
  ([<<"policy">>, Name, Pattern, Kind, Priority, Definition]) ->
    case rabbit_policy:parse_set(VHost, Name, Pattern, iolist_to_binary(rabbit_json:encode(Definition)), Priority, Kind, Us) of
      ok -> ok;
      {error_string, Text} -> Complain(<<"TopologyRefused">>, <<"policy">>, Name, Text)
    end;
  ([<<"exchange">>, Name, Type]) ->
    case rabbit_exchange:lookup(Resource(exchange, Name)) of
      {ok, Exchange} ->
        Is = maps:from_list(rabbit_exchange:info(Exchange, [type, durable, auto_delete, internal])),
        Wanted = #{type => binary_to_atom(Type), durable => true, auto_delete => false, internal => false},
        Is =:= Wanted orelse Stays(<<"exchange">>, Name, Difference(Is, Wanted));
      _ ->
        case Call({'exchange.declare', 0, Name, Type, false, true, false, false, false, []}) of
          ok -> io:format("made exchange ~ts~n", [Name]);
          {error, Text} -> Complain(<<"TopologyRefused">>, <<"exchange">>, Name, Text)
        end
    end;
  ([<<"queue">>, Name, Arguments]) ->
    case rabbit_amqqueue:lookup(Resource(queue, Name)) of
      {ok, Queue} ->
        {Is, Wanted} = {Have(Queue), Arguments#{durable => true, auto_delete => false}},
        Is =:= Wanted orelse Stays(<<"queue">>, Name, Difference(Is, Wanted));
      _ ->
        case Call({'queue.declare', 0, Name, false, true, false, false, false, Table(Arguments)}) of
          ok -> io:format("made queue ~ts~n", [Name]);
          {error, Text} -> Complain(<<"TopologyRefused">>, <<"queue">>, Name, Text)
        end
    end;
  ([<<"binding">>, Source, Kind, Destination, Key, Arguments] = Item) ->
    Method = case Kind of
      <<"queue">> -> {'queue.bind', 0, Destination, Source, Key, false, Table(Arguments)};
      <<"exchange">> -> {'exchange.bind', 0, Destination, Source, Key, false, Table(Arguments)}
    end,
    case Exists(Item) orelse Call(Method) of
      true -> ok;
      ok -> io:format("bound ~ts ~ts to ~ts~n", [Kind, Destination, Source]);
      {error, Text} -> Complain(<<"TopologyRefused">>, <<"binding of exchange">>, Source, [Kind, " ", Destination, ": ", Text])
    end
end,

Take = fun
  ([<<"policy">>, Name]) -> rabbit_policy:delete(VHost, Name, Us);
  ([<<"exchange">>, Name]) -> Call({'exchange.delete', 0, Name, true, false});
  ([<<"binding">>, Source, <<"queue">>, Destination, Key, Arguments]) ->
    Call({'queue.unbind', 0, Destination, Source, Key, Table(Arguments)});
  ([<<"binding">>, Source, <<"exchange">>, Destination, Key, Arguments]) ->
    Call({'exchange.unbind', 0, Destination, Source, Key, false, Table(Arguments)})
end,
%% Gone takes away what is there still, and says whether it is gone.
Gone = fun(Item) ->
  Words = lists:join(" ", [Word || Word <- Item, is_binary(Word)]),
  case Exists(Item) andalso Take(Item) of
    false -> true;
    ok -> io:format("took away ~ts~n", [Words]), true;
    {_, Text} -> io:format("~ts stays: ~ts~n", [Words, Text]), false
  end
end,

%% Referred are the exchanges that queues, policies and other exchanges name.
Referred = fun() ->
  Keys = [<<"x-dead-letter-exchange">>, <<"dead-letter-exchange">>, <<"alternate-exchange">>],
  Arguments = [amqqueue:get_arguments(Queue) || Queue <- rabbit_amqqueue:list(VHost)] ++
    [Given || [{arguments, Given}] <- rabbit_exchange:info_all(VHost, [arguments])],
  Definitions = [proplists:get_value(definition, Policy) || Policy <- rabbit_policy:list(VHost)],
  [Value || {Key, _, Value} <- lists:append(Arguments), lists:member(Key, Keys)] ++
    [Value || {Key, Value} <- lists:append(Definitions), lists:member(Key, Keys)]
end,
Note = fun
  ([]) -> rabbit_runtime_parameters:clear_global(Notes, Us);
  (Items) -> ok = rabbit_runtime_parameters:set_global(Notes, iolist_to_binary(rabbit_json:encode(lists:usort(Items))), Us)
end,
Run = fun() ->
  Noted = case rabbit_runtime_parameters:value_global(Notes) of not_found -> []; Text -> rabbit_json:decode(Text) end,
  Lasting = [Item || [Kind | _] = Item <- Declared, Kind =/= <<"queue">>],
  Mine = Noted ++ [Identity(Item) || Item <- Lasting, not Exists(Item)],
  Note(Mine),
  [Make(Item) || Item <- Declared],
  Unwanted = lists:usort(Mine) -- [Identity(Item) || Item <- Lasting],
  Policies = [Item || [<<"policy">> | _] = Item <- Unwanted, Gone(Item)],
  Needed = [Item || [<<"exchange">>, Name] = Item <- Unwanted, lists:member(Name, Referred())],
  [io:format("exchange ~ts stays: something sends messages there that it cannot keep~n", [Name]) || [_, Name] <- Needed],
  %% Bindings go before the exchanges that they begin at: "binding" sorts before "exchange".
  Others = [Item || [Kind, Name | _] = Item <- Unwanted, Kind =/= <<"policy">>, not lists:member([<<"exchange">>, Name], Needed), Gone(Item)],
  Note(lists:usort(Mine) -- Policies -- Others)
end,
%% One job at a time, and only the last one that began.
global:trans({stackwright_topology, self()}, fun() ->
  case rabbit_runtime_parameters:value_global(stackwright_topology_plan) of
    _3 -> Run(), done;
    _ -> another_plan
  end
end).
