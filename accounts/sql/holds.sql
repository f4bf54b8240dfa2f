-- Whether a legal hold is on a person, on a team (and so on its members), or on a collection; any may be null.
CREATE OR REPLACE FUNCTION accounts_is_held(person uuid, team bigint, one uuid) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT EXISTS (
        SELECT FROM accounts_legalhold AS hold
        WHERE hold.user_id = person OR hold.team_id = team OR hold.collection = one
           OR hold.team_id IN (SELECT member.team_id FROM accounts_membership AS member WHERE member.user_id = person)
    )
$$;
