-- give_person_code --
-- A new code for the person, by its mark; null, or why not.
SELECT vault.give_person_code($1, $2, $3);

-- person_says --
-- The case whose person holds this code: theirs to the end of the transaction. Null: nobody's, and the log knows.
SELECT vault.person_says($1);

-- sheet --
-- Who was told what, when and why, for the person who has said their code.
SELECT at, party, data_classes, purpose, emergency_reason, notice_version FROM vault.sheet();

-- now --
-- Domain time.
SELECT runtime.now();

-- give_arrival_code --
-- A code for the person to bring to who accepted, by its mark; null, or why not.
SELECT vault.give_arrival_code($1, $2, $3);

-- arrived --
-- What the receiver calls the case whose person brought this code, and its referral.
SELECT alias, referral_id FROM vault.arrived($1);

-- arrival_of --
-- Whether the person arrived, for a facility that they left and allowed to hear it.
SELECT arrived FROM gateway.arrival_of($1);

-- declare_batch --
-- More people for one's own party and some hours.
SELECT vault.declare_batch($1, $2, $3, $4);

-- authorise_batch --
-- Another one of the party stands for it; null, or why not.
SELECT vault.authorise_batch($1);
