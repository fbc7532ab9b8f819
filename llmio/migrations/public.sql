-- Schema public as the reference has it at version 20251203031449: facts in reference/schema.tsv and indexes.tsv.

CREATE TABLE public.action_mailbox_inbound_emails (
    id bigserial PRIMARY KEY,
    status integer DEFAULT 0 NOT NULL,
    message_id character varying NOT NULL,
    message_checksum character varying NOT NULL,
    created_at timestamp(6) without time zone NOT NULL,
    updated_at timestamp(6) without time zone NOT NULL
);

CREATE TABLE public.active_admin_comments (
    id bigserial PRIMARY KEY,
    namespace character varying,
    body text,
    resource_type character varying,
    resource_id bigint,
    author_type character varying,
    author_id bigint,
    created_at timestamp without time zone NOT NULL,
    updated_at timestamp without time zone NOT NULL
);

CREATE TABLE public.active_storage_attachments (
    id bigserial PRIMARY KEY,
    name character varying NOT NULL,
    record_type character varying NOT NULL,
    record_id bigint NOT NULL,
    blob_id bigint NOT NULL,
    created_at timestamp without time zone NOT NULL,
    group_id integer
);

CREATE TABLE public.active_storage_blobs (
    id bigserial PRIMARY KEY,
    key character varying NOT NULL,
    filename character varying NOT NULL,
    content_type character varying,
    metadata text,
    byte_size bigint NOT NULL,
    checksum character varying,
    created_at timestamp without time zone NOT NULL,
    service_name character varying NOT NULL
);

CREATE TABLE public.active_storage_variant_records (
    id bigserial PRIMARY KEY,
    blob_id bigint NOT NULL,
    variation_digest character varying NOT NULL
);

CREATE TABLE public.attachments (
    id serial PRIMARY KEY,
    user_id integer,
    filename character varying(255),
    location text,
    comment_id integer,
    created_at timestamp without time zone NOT NULL,
    updated_at timestamp without time zone NOT NULL,
    filesize integer,
    file_file_name character varying,
    file_content_type character varying,
    file_file_size integer,
    file_updated_at timestamp without time zone,
    attachable_id integer,
    attachable_type character varying,
    migrated_to_document boolean DEFAULT false NOT NULL
);

CREATE TABLE public.blazer_audits (
    id bigserial PRIMARY KEY,
    user_id bigint,
    query_id bigint,
    statement text,
    data_source character varying,
    created_at timestamp without time zone
);

CREATE TABLE public.blazer_checks (
    id bigserial PRIMARY KEY,
    creator_id bigint,
    query_id bigint,
    state character varying,
    schedule character varying,
    emails text,
    slack_channels text,
    check_type character varying,
    message text,
    last_run_at timestamp without time zone,
    created_at timestamp(6) without time zone NOT NULL,
    updated_at timestamp(6) without time zone NOT NULL
);

CREATE TABLE public.blazer_dashboard_queries (
    id bigserial PRIMARY KEY,
    dashboard_id bigint,
    query_id bigint,
    position integer,
    created_at timestamp(6) without time zone NOT NULL,
    updated_at timestamp(6) without time zone NOT NULL
);

CREATE TABLE public.blazer_dashboards (
    id bigserial PRIMARY KEY,
    creator_id bigint,
    name character varying,
    created_at timestamp(6) without time zone NOT NULL,
    updated_at timestamp(6) without time zone NOT NULL
);

CREATE TABLE public.blazer_queries (
    id bigserial PRIMARY KEY,
    creator_id bigint,
    name character varying,
    description text,
    statement text,
    data_source character varying,
    status character varying,
    created_at timestamp(6) without time zone NOT NULL,
    updated_at timestamp(6) without time zone NOT NULL
);

CREATE TABLE public.blocked_domains (
    id bigserial PRIMARY KEY,
    name character varying
);

CREATE TABLE public.chatbots (
    id bigserial PRIMARY KEY,
    kind character varying,
    server character varying,
    channel character varying,
    access_token character varying,
    author_id integer,
    group_id integer,
    created_at timestamp(6) without time zone NOT NULL,
    updated_at timestamp(6) without time zone NOT NULL,
    name character varying,
    notification_only boolean DEFAULT false NOT NULL,
    webhook_kind character varying,
    event_kinds character varying[]
);

CREATE TABLE public.cohorts (
    id serial PRIMARY KEY,
    start_on date,
    end_on date
);

CREATE TABLE public.comments (
    id serial PRIMARY KEY,
    discussion_id integer DEFAULT 0,
    body text DEFAULT '',
    user_id integer DEFAULT 0,
    parent_id integer,
    created_at timestamp without time zone,
    updated_at timestamp without time zone,
    comment_votes_count integer DEFAULT 0 NOT NULL,
    attachments_count integer DEFAULT 0 NOT NULL,
    edited_at timestamp without time zone,
    versions_count integer DEFAULT 0,
    body_format character varying(10) DEFAULT 'md' NOT NULL,
    attachments jsonb DEFAULT '[]'::jsonb NOT NULL,
    discarded_at timestamp without time zone,
    discarded_by integer,
    content_locale character varying,
    link_previews jsonb DEFAULT '[]'::jsonb NOT NULL,
    parent_type character varying NOT NULL
);

CREATE TABLE public.default_group_covers (
    id serial PRIMARY KEY,
    cover_photo_file_name character varying,
    cover_photo_content_type character varying,
    cover_photo_file_size integer,
    cover_photo_updated_at timestamp without time zone,
    created_at timestamp without time zone,
    updated_at timestamp without time zone
);

CREATE TABLE public.demos (
    id bigserial PRIMARY KEY,
    author_id integer NOT NULL,
    group_id integer NOT NULL,
    name character varying NOT NULL,
    description character varying,
    recorded_at timestamp without time zone NOT NULL,
    created_at timestamp(6) without time zone NOT NULL,
    updated_at timestamp(6) without time zone NOT NULL,
    priority integer DEFAULT 0 NOT NULL,
    demo_handle character varying
);

CREATE TABLE public.discussion_readers (
    id serial PRIMARY KEY,
    user_id integer NOT NULL,
    created_at timestamp without time zone,
    updated_at timestamp without time zone,
    discussion_id integer NOT NULL,
    last_read_at timestamp without time zone,
    last_read_sequence_id integer DEFAULT 0 NOT NULL,
    volume integer DEFAULT 2 NOT NULL,
    participating boolean DEFAULT false NOT NULL,
    dismissed_at timestamp without time zone,
    read_ranges_string character varying,
    inviter_id integer,
    token character varying,
    revoked_at timestamp without time zone,
    admin boolean DEFAULT false NOT NULL,
    accepted_at timestamp without time zone,
    revoker_id integer,
    guest boolean DEFAULT false NOT NULL
);

CREATE TABLE public.discussion_templates (
    id bigserial PRIMARY KEY,
    source_discussion_id integer,
    key character varying,
    group_id integer,
    position integer,
    author_id integer,
    title character varying,
    description text,
    description_format character varying(10) DEFAULT 'html' NOT NULL,
    process_name character varying,
    process_subtitle character varying,
    process_introduction character varying,
    process_introduction_format character varying DEFAULT 'html' NOT NULL,
    attachments jsonb DEFAULT '[]'::jsonb NOT NULL,
    max_depth integer DEFAULT 2 NOT NULL,
    newest_first boolean DEFAULT false NOT NULL,
    discarded_at timestamp without time zone,
    discarded_by integer,
    content_locale character varying,
    link_previews jsonb DEFAULT '[]'::jsonb NOT NULL,
    tags character varying[] DEFAULT '{}'::character varying[],
    created_at timestamp(6) without time zone NOT NULL,
    updated_at timestamp(6) without time zone NOT NULL,
    poll_template_keys_or_ids jsonb DEFAULT '[]'::jsonb NOT NULL,
    title_placeholder character varying,
    public boolean DEFAULT false NOT NULL,
    recipient_audience character varying
);

CREATE TABLE public.discussions (
    id serial PRIMARY KEY,
    group_id integer,
    author_id integer,
    created_at timestamp without time zone,
    updated_at timestamp without time zone,
    title character varying(255),
    last_comment_at timestamp without time zone,
    description text,
    items_count integer DEFAULT 0 NOT NULL,
    closed_at timestamp without time zone,
    private boolean DEFAULT true NOT NULL,
    key character varying(255),
    iframe_src character varying(255),
    last_activity_at timestamp without time zone,
    last_sequence_id integer DEFAULT 0 NOT NULL,
    first_sequence_id integer DEFAULT 0 NOT NULL,
    versions_count integer DEFAULT 0,
    closed_polls_count integer DEFAULT 0 NOT NULL,
    importance integer DEFAULT 0 NOT NULL,
    seen_by_count integer DEFAULT 0 NOT NULL,
    ranges_string character varying,
    description_format character varying(10) DEFAULT 'md' NOT NULL,
    attachments jsonb DEFAULT '[]'::jsonb NOT NULL,
    info jsonb DEFAULT '{}'::jsonb NOT NULL,
    max_depth integer DEFAULT 2 NOT NULL,
    newest_first boolean DEFAULT false NOT NULL,
    discarded_at timestamp without time zone,
    members_count integer,
    anonymous_polls_count integer DEFAULT 0 NOT NULL,
    content_locale character varying,
    link_previews jsonb DEFAULT '[]'::jsonb NOT NULL,
    pinned_at timestamp without time zone,
    discarded_by integer,
    template boolean DEFAULT false NOT NULL,
    tags character varying[] DEFAULT '{}'::character varying[],
    discussion_template_id integer,
    discussion_template_key character varying,
    closer_id integer
);

CREATE TABLE public.documents (
    id serial PRIMARY KEY,
    model_id integer,
    model_type character varying,
    title character varying,
    url character varying,
    doctype character varying NOT NULL,
    color character varying NOT NULL,
    created_at timestamp without time zone,
    updated_at timestamp without time zone,
    icon character varying,
    author_id integer NOT NULL,
    web_url character varying,
    thumb_url character varying,
    file_file_name character varying,
    file_content_type character varying,
    group_id integer
);

CREATE TABLE public.events (
    id serial PRIMARY KEY,
    kind character varying(255),
    created_at timestamp without time zone,
    updated_at timestamp without time zone,
    eventable_id integer,
    eventable_type character varying(255),
    user_id integer,
    discussion_id integer,
    sequence_id integer,
    announcement boolean DEFAULT false NOT NULL,
    custom_fields jsonb DEFAULT '{}'::jsonb NOT NULL,
    parent_id integer,
    position integer DEFAULT 0 NOT NULL,
    child_count integer DEFAULT 0 NOT NULL,
    depth integer DEFAULT 0 NOT NULL,
    pinned boolean DEFAULT false NOT NULL,
    position_key character varying,
    descendant_count integer DEFAULT 0 NOT NULL,
    eventable_version_id integer
);

CREATE TABLE public.forward_email_rules (
    id bigserial PRIMARY KEY,
    handle public.citext NOT NULL,
    email character varying
);

CREATE TABLE public.group_identities (
    id serial PRIMARY KEY,
    group_id integer NOT NULL,
    identity_id integer NOT NULL,
    custom_fields jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp without time zone NOT NULL,
    updated_at timestamp without time zone NOT NULL
);

CREATE TABLE public.group_surveys (
    id bigserial PRIMARY KEY,
    group_id integer NOT NULL,
    category character varying,
    location character varying,
    size character varying,
    declaration character varying,
    purpose text,
    usage character varying,
    referrer character varying,
    role character varying,
    website character varying,
    misc text,
    created_at timestamp without time zone NOT NULL,
    updated_at timestamp without time zone NOT NULL,
    desired_feature character varying,
    segment character varying
);

CREATE TABLE public.groups (
    id serial PRIMARY KEY,
    name character varying(255),
    created_at timestamp without time zone,
    updated_at timestamp without time zone,
    parent_id integer,
    description text,
    memberships_count integer DEFAULT 0 NOT NULL,
    archived_at timestamp without time zone,
    discussions_count integer DEFAULT 0 NOT NULL,
    full_name character varying(255),
    parent_members_can_see_discussions boolean DEFAULT false NOT NULL,
    key character varying(255),
    category_id integer,
    handle public.citext,
    theme_id integer,
    is_visible_to_public boolean DEFAULT true NOT NULL,
    is_visible_to_parent_members boolean DEFAULT false NOT NULL,
    discussion_privacy_options character varying DEFAULT 'private_only' NOT NULL,
    members_can_add_members boolean DEFAULT false NOT NULL,
    membership_granted_upon character varying DEFAULT 'approval' NOT NULL,
    members_can_edit_discussions boolean DEFAULT true NOT NULL,
    cover_photo_file_name character varying(255),
    cover_photo_content_type character varying(255),
    cover_photo_file_size integer,
    cover_photo_updated_at timestamp without time zone,
    logo_file_name character varying(255),
    logo_content_type character varying(255),
    logo_file_size integer,
    logo_updated_at timestamp without time zone,
    members_can_edit_comments boolean DEFAULT true,
    members_can_raise_motions boolean DEFAULT true NOT NULL,
    members_can_vote boolean DEFAULT true NOT NULL,
    members_can_start_discussions boolean DEFAULT true NOT NULL,
    members_can_create_subgroups boolean DEFAULT false NOT NULL,
    creator_id integer,
    is_referral boolean DEFAULT false NOT NULL,
    cohort_id integer,
    default_group_cover_id integer,
    subscription_id integer,
    invitations_count integer DEFAULT 0 NOT NULL,
    admin_memberships_count integer DEFAULT 0 NOT NULL,
    public_discussions_count integer DEFAULT 0 NOT NULL,
    country character varying,
    region character varying,
    city character varying,
    closed_motions_count integer DEFAULT 0 NOT NULL,
    proposal_outcomes_count integer DEFAULT 0 NOT NULL,
    pending_memberships_count integer DEFAULT 0 NOT NULL,
    recent_activity_count integer DEFAULT 0 NOT NULL,
    closed_polls_count integer DEFAULT 0 NOT NULL,
    polls_count integer DEFAULT 0 NOT NULL,
    subgroups_count integer DEFAULT 0 NOT NULL,
    open_discussions_count integer DEFAULT 0 NOT NULL,
    closed_discussions_count integer DEFAULT 0 NOT NULL,
    token character varying,
    admin_tags character varying,
    members_can_announce boolean DEFAULT true NOT NULL,
    description_format character varying(10) DEFAULT 'md' NOT NULL,
    attachments jsonb DEFAULT '[]'::jsonb NOT NULL,
    info jsonb DEFAULT '{}'::jsonb NOT NULL,
    new_threads_max_depth integer DEFAULT 3 NOT NULL,
    new_threads_newest_first boolean DEFAULT false NOT NULL,
    admins_can_edit_user_content boolean DEFAULT true NOT NULL,
    listed_in_explore boolean DEFAULT false NOT NULL,
    content_locale character varying,
    members_can_add_guests boolean DEFAULT true NOT NULL,
    members_can_delete_comments boolean DEFAULT true NOT NULL,
    link_previews jsonb DEFAULT '[]'::jsonb NOT NULL,
    discussion_templates_count integer DEFAULT 0 NOT NULL,
    poll_templates_count integer DEFAULT 0 NOT NULL,
    request_to_join_prompt character varying,
    delegates_count integer DEFAULT 0 NOT NULL,
    category character varying,
    can_start_polls_without_discussion boolean DEFAULT false NOT NULL
);

CREATE TABLE public.login_tokens (
    id serial PRIMARY KEY,
    user_id integer,
    token character varying,
    used boolean DEFAULT false NOT NULL,
    created_at timestamp without time zone,
    updated_at timestamp without time zone,
    redirect character varying,
    code integer NOT NULL,
    is_reactivation boolean DEFAULT false NOT NULL
);

CREATE TABLE public.member_email_aliases (
    id bigserial PRIMARY KEY,
    email public.citext NOT NULL,
    require_dkim boolean DEFAULT true NOT NULL,
    require_spf boolean DEFAULT true NOT NULL,
    user_id integer,
    group_id integer NOT NULL,
    author_id integer NOT NULL,
    created_at timestamp(6) without time zone NOT NULL,
    updated_at timestamp(6) without time zone NOT NULL
);

CREATE TABLE public.membership_requests (
    id serial PRIMARY KEY,
    name character varying(255),
    email character varying(255),
    introduction text,
    group_id integer,
    created_at timestamp without time zone NOT NULL,
    updated_at timestamp without time zone NOT NULL,
    requestor_id integer,
    responder_id integer,
    response character varying(255),
    responded_at timestamp without time zone
);

CREATE TABLE public.memberships (
    id serial PRIMARY KEY,
    group_id integer,
    user_id integer,
    created_at timestamp without time zone,
    updated_at timestamp without time zone,
    inviter_id integer,
    revoked_at timestamp without time zone,
    inbox_position integer DEFAULT 0,
    admin boolean DEFAULT false NOT NULL,
    volume integer,
    experiences jsonb DEFAULT '{}'::jsonb NOT NULL,
    invitation_id integer,
    token character varying,
    accepted_at timestamp without time zone,
    title character varying,
    saml_session_expires_at timestamp without time zone,
    revoker_id integer,
    delegate boolean DEFAULT false NOT NULL
);

CREATE TABLE public.notifications (
    id serial PRIMARY KEY,
    user_id integer,
    created_at timestamp without time zone,
    updated_at timestamp without time zone,
    event_id integer,
    viewed boolean DEFAULT false NOT NULL,
    translation_values jsonb DEFAULT '{}'::jsonb NOT NULL,
    url character varying,
    actor_id integer
);

CREATE TABLE public.oauth_access_grants (
    id serial PRIMARY KEY,
    resource_owner_id integer NOT NULL,
    application_id integer NOT NULL,
    token character varying NOT NULL,
    expires_in integer NOT NULL,
    redirect_uri text NOT NULL,
    created_at timestamp without time zone NOT NULL,
    revoked_at timestamp without time zone,
    scopes character varying
);

CREATE TABLE public.oauth_access_tokens (
    id serial PRIMARY KEY,
    resource_owner_id integer,
    application_id integer,
    token character varying NOT NULL,
    refresh_token character varying,
    expires_in integer,
    revoked_at timestamp without time zone,
    created_at timestamp without time zone NOT NULL,
    scopes character varying
);

CREATE TABLE public.oauth_applications (
    id serial PRIMARY KEY,
    name character varying NOT NULL,
    uid character varying NOT NULL,
    secret character varying NOT NULL,
    redirect_uri text NOT NULL,
    scopes character varying DEFAULT '' NOT NULL,
    created_at timestamp without time zone,
    updated_at timestamp without time zone,
    owner_id integer,
    owner_type character varying,
    logo_file_name character varying,
    logo_content_type character varying,
    logo_file_size integer,
    logo_updated_at timestamp without time zone
);

CREATE TABLE public.omniauth_identities (
    id serial PRIMARY KEY,
    user_id integer,
    email character varying(255),
    created_at timestamp without time zone NOT NULL,
    updated_at timestamp without time zone NOT NULL,
    identity_type character varying(255),
    uid character varying(255),
    name character varying(255),
    access_token character varying DEFAULT '',
    logo character varying,
    custom_fields jsonb DEFAULT '{}'::jsonb NOT NULL
);

CREATE TABLE public.outcomes (
    id serial PRIMARY KEY,
    poll_id integer,
    statement text NOT NULL,
    author_id integer NOT NULL,
    created_at timestamp without time zone,
    updated_at timestamp without time zone,
    latest boolean DEFAULT true NOT NULL,
    poll_option_id integer,
    custom_fields jsonb DEFAULT '{}'::jsonb NOT NULL,
    statement_format character varying(10) DEFAULT 'md' NOT NULL,
    attachments jsonb DEFAULT '[]'::jsonb NOT NULL,
    versions_count integer DEFAULT 0 NOT NULL,
    review_on date,
    content_locale character varying,
    link_previews jsonb DEFAULT '[]'::jsonb NOT NULL
);

CREATE TABLE public.partition_sequences (
    key text NOT NULL,
    id integer NOT NULL,
    counter integer DEFAULT 0,
    PRIMARY KEY (key, id)
);

CREATE TABLE public.pg_search_documents (
    id bigserial PRIMARY KEY,
    content text,
    ts_content tsvector,
    author_id bigint,
    group_id bigint,
    discussion_id bigint,
    poll_id bigint,
    searchable_type character varying,
    searchable_id bigint,
    created_at timestamp(6) without time zone NOT NULL,
    updated_at timestamp(6) without time zone NOT NULL,
    authored_at timestamp(6) without time zone
);

CREATE TABLE public.poll_options (
    id serial PRIMARY KEY,
    name character varying NOT NULL,
    poll_id integer,
    priority integer DEFAULT 0 NOT NULL,
    score_counts jsonb DEFAULT '{}'::jsonb NOT NULL,
    voter_scores jsonb DEFAULT '{}'::jsonb NOT NULL,
    total_score integer DEFAULT 0 NOT NULL,
    voter_count integer DEFAULT 0 NOT NULL,
    icon character varying,
    meaning character varying,
    prompt character varying,
    created_at timestamp without time zone,
    updated_at timestamp without time zone,
    test_operator character varying,
    test_percent integer,
    test_against character varying
);

CREATE TABLE public.poll_templates (
    id bigserial PRIMARY KEY,
    key character varying,
    group_id integer NOT NULL,
    position integer DEFAULT 0 NOT NULL,
    author_id integer NOT NULL,
    poll_type character varying NOT NULL,
    process_name character varying,
    process_subtitle character varying,
    title character varying,
    details text,
    details_format character varying(10) DEFAULT 'md' NOT NULL,
    anonymous boolean DEFAULT false NOT NULL,
    specified_voters_only boolean DEFAULT false NOT NULL,
    notify_on_closing_soon integer DEFAULT 0 NOT NULL,
    content_locale character varying,
    shuffle_options boolean DEFAULT false NOT NULL,
    hide_results integer DEFAULT 0 NOT NULL,
    chart_type character varying,
    min_score integer,
    max_score integer,
    minimum_stance_choices integer,
    maximum_stance_choices integer,
    dots_per_person integer,
    reason_prompt character varying,
    poll_options jsonb DEFAULT '[]'::jsonb NOT NULL,
    stance_reason_required integer DEFAULT 1 NOT NULL,
    limit_reason_length boolean DEFAULT true NOT NULL,
    default_duration_in_days integer DEFAULT 7 NOT NULL,
    agree_target integer,
    created_at timestamp(6) without time zone NOT NULL,
    updated_at timestamp(6) without time zone NOT NULL,
    meeting_duration integer,
    can_respond_maybe boolean DEFAULT true NOT NULL,
    poll_option_name_format character varying DEFAULT 'plain' NOT NULL,
    link_previews jsonb DEFAULT '[]'::jsonb NOT NULL,
    atttachments jsonb DEFAULT '[]'::jsonb NOT NULL,
    tags character varying[] DEFAULT '{}'::character varying[],
    discarded_at timestamp(6) without time zone,
    process_introduction character varying,
    process_introduction_format character varying DEFAULT 'md' NOT NULL,
    title_placeholder character varying,
    outcome_statement character varying,
    outcome_statement_format character varying DEFAULT 'html' NOT NULL,
    outcome_review_due_in_days integer,
    public boolean DEFAULT false NOT NULL,
    show_none_of_the_above boolean DEFAULT false NOT NULL,
    quorum_pct integer
);

CREATE TABLE public.polls (
    id serial PRIMARY KEY,
    author_id integer NOT NULL,
    title character varying NOT NULL,
    details text,
    closing_at timestamp without time zone,
    closed_at timestamp without time zone,
    created_at timestamp without time zone,
    updated_at timestamp without time zone,
    discussion_id integer,
    key character varying NOT NULL,
    poll_type character varying NOT NULL,
    stance_data jsonb DEFAULT '{}'::jsonb,
    voters_count integer DEFAULT 0 NOT NULL,
    multiple_choice boolean DEFAULT false NOT NULL,
    custom_fields jsonb DEFAULT '{}'::jsonb NOT NULL,
    stance_counts jsonb DEFAULT '[]'::jsonb NOT NULL,
    group_id integer,
    matrix_counts jsonb DEFAULT '[]'::jsonb NOT NULL,
    undecided_voters_count integer DEFAULT 0 NOT NULL,
    voter_can_add_options boolean DEFAULT false NOT NULL,
    anonymous boolean DEFAULT false NOT NULL,
    versions_count integer DEFAULT 0,
    details_format character varying(10) DEFAULT 'md' NOT NULL,
    attachments jsonb DEFAULT '[]'::jsonb NOT NULL,
    discarded_at timestamp without time zone,
    discarded_by integer,
    specified_voters_only boolean DEFAULT false NOT NULL,
    notify_on_closing_soon integer DEFAULT 0 NOT NULL,
    content_locale character varying,
    link_previews jsonb DEFAULT '[]'::jsonb NOT NULL,
    shuffle_options boolean DEFAULT false NOT NULL,
    hide_results integer DEFAULT 0 NOT NULL,
    chart_type character varying,
    min_score integer,
    max_score integer,
    minimum_stance_choices integer,
    maximum_stance_choices integer,
    dots_per_person integer,
    process_name character varying,
    template boolean DEFAULT false NOT NULL,
    reason_prompt character varying,
    poll_option_name_format character varying,
    stance_reason_required integer DEFAULT 1 NOT NULL,
    limit_reason_length boolean DEFAULT true NOT NULL,
    default_duration_in_days integer,
    agree_target integer,
    process_subtitle character varying,
    process_url character varying,
    tags character varying[] DEFAULT '{}'::character varying[],
    poll_template_id integer,
    poll_template_key character varying,
    show_none_of_the_above boolean DEFAULT false NOT NULL,
    none_of_the_above_count integer DEFAULT 0 NOT NULL,
    quorum_pct integer
);

CREATE TABLE public.reactions (
    id serial PRIMARY KEY,
    reactable_id integer,
    user_id integer,
    created_at timestamp without time zone,
    updated_at timestamp without time zone,
    reaction character varying DEFAULT '+1' NOT NULL,
    reactable_type character varying DEFAULT 'Comment' NOT NULL
);

CREATE TABLE public.received_emails (
    id bigserial PRIMARY KEY,
    group_id integer,
    headers public.hstore DEFAULT ''::public.hstore NOT NULL,
    body_text character varying,
    body_html character varying,
    spf_valid boolean DEFAULT false NOT NULL,
    dkim_valid boolean DEFAULT false NOT NULL,
    released boolean DEFAULT false NOT NULL,
    created_at timestamp(6) without time zone NOT NULL,
    updated_at timestamp(6) without time zone NOT NULL
);

CREATE TABLE public.stance_choices (
    id serial PRIMARY KEY,
    stance_id integer,
    poll_option_id integer,
    score integer DEFAULT 1 NOT NULL,
    created_at timestamp without time zone,
    updated_at timestamp without time zone
);

CREATE TABLE public.stance_receipts (
    id bigserial PRIMARY KEY,
    poll_id bigint,
    voter_id bigint,
    inviter_id bigint,
    invited_at timestamp(6) without time zone,
    vote_cast boolean,
    created_at timestamp(6) without time zone NOT NULL,
    updated_at timestamp(6) without time zone NOT NULL
);

CREATE TABLE public.stances (
    id serial PRIMARY KEY,
    poll_id integer NOT NULL,
    participant_id integer,
    reason character varying,
    latest boolean DEFAULT true NOT NULL,
    created_at timestamp without time zone,
    updated_at timestamp without time zone,
    versions_count integer DEFAULT 0,
    reason_format character varying(10) DEFAULT 'md' NOT NULL,
    attachments jsonb DEFAULT '[]'::jsonb NOT NULL,
    cast_at timestamp without time zone,
    token character varying,
    revoked_at timestamp without time zone,
    admin boolean DEFAULT false NOT NULL,
    inviter_id integer,
    volume integer DEFAULT 2 NOT NULL,
    accepted_at timestamp without time zone,
    content_locale character varying,
    link_previews jsonb DEFAULT '[]'::jsonb NOT NULL,
    option_scores jsonb DEFAULT '{}'::jsonb NOT NULL,
    revoker_id integer,
    guest boolean DEFAULT false NOT NULL,
    none_of_the_above boolean DEFAULT false NOT NULL
);

CREATE TABLE public.subscriptions (
    id serial PRIMARY KEY,
    expires_at timestamp without time zone,
    chargify_subscription_id integer,
    plan character varying DEFAULT 'free',
    payment_method character varying DEFAULT 'none' NOT NULL,
    owner_id integer,
    max_threads integer,
    max_members integer,
    max_orgs integer,
    state character varying DEFAULT 'active' NOT NULL,
    members_count integer,
    created_at timestamp without time zone,
    updated_at timestamp without time zone,
    info jsonb,
    canceled_at timestamp without time zone,
    activated_at timestamp without time zone,
    renews_at timestamp without time zone,
    renewed_at timestamp without time zone,
    allow_subgroups boolean DEFAULT true NOT NULL,
    allow_guests boolean DEFAULT true NOT NULL,
    lead_status character varying
);

CREATE TABLE public.taggings (
    id serial PRIMARY KEY,
    tag_id integer NOT NULL,
    taggable_id integer NOT NULL,
    created_at timestamp without time zone,
    updated_at timestamp without time zone,
    taggable_type character varying NOT NULL
);

CREATE TABLE public.tags (
    id serial PRIMARY KEY,
    group_id integer,
    name public.citext NOT NULL,
    color character varying,
    created_at timestamp without time zone,
    updated_at timestamp without time zone,
    taggings_count integer DEFAULT 0,
    priority integer DEFAULT 0 NOT NULL,
    org_taggings_count integer DEFAULT 0 NOT NULL
);

CREATE TABLE public.tasks (
    id bigserial PRIMARY KEY,
    record_type character varying,
    record_id bigint,
    author_id bigint NOT NULL,
    uid integer NOT NULL,
    name character varying NOT NULL,
    done boolean NOT NULL,
    done_at timestamp without time zone,
    due_on date,
    created_at timestamp(6) without time zone NOT NULL,
    updated_at timestamp(6) without time zone NOT NULL,
    discarded_at timestamp without time zone,
    doer_id integer,
    remind integer,
    remind_at timestamp without time zone
);

CREATE TABLE public.tasks_users (
    id bigserial PRIMARY KEY,
    task_id bigint,
    user_id bigint,
    created_at timestamp(6) without time zone NOT NULL,
    updated_at timestamp(6) without time zone NOT NULL
);

CREATE TABLE public.translations (
    id serial PRIMARY KEY,
    translatable_id integer,
    translatable_type character varying(255),
    fields public.hstore,
    language character varying(255),
    created_at timestamp without time zone NOT NULL,
    updated_at timestamp without time zone NOT NULL
);

CREATE TABLE public.user_deactivation_responses (
    id serial PRIMARY KEY,
    user_id integer,
    body text
);

CREATE TABLE public.users (
    id serial PRIMARY KEY,
    email public.citext,
    encrypted_password character varying(128) DEFAULT '',
    reset_password_token character varying(255),
    reset_password_sent_at timestamp without time zone,
    remember_created_at timestamp without time zone,
    sign_in_count integer DEFAULT 0,
    current_sign_in_at timestamp without time zone,
    last_sign_in_at timestamp without time zone,
    created_at timestamp without time zone,
    updated_at timestamp without time zone,
    name character varying(255),
    deactivated_at timestamp without time zone,
    is_admin boolean DEFAULT false,
    avatar_kind character varying(255) DEFAULT 'initials' NOT NULL,
    uploaded_avatar_file_name character varying(255),
    uploaded_avatar_content_type character varying(255),
    uploaded_avatar_file_size integer,
    uploaded_avatar_updated_at timestamp without time zone,
    avatar_initials character varying(255),
    username character varying(255),
    email_when_proposal_closing_soon boolean DEFAULT false NOT NULL,
    authentication_token character varying(255),
    unsubscribe_token character varying(255),
    memberships_count integer DEFAULT 0 NOT NULL,
    selected_locale character varying(255),
    time_zone character varying(255),
    key character varying(255),
    detected_locale character varying(255),
    email_catch_up boolean DEFAULT true NOT NULL,
    email_api_key character varying(255),
    email_when_mentioned boolean DEFAULT true NOT NULL,
    email_on_participation boolean DEFAULT false NOT NULL,
    default_membership_volume integer DEFAULT 2 NOT NULL,
    country character varying,
    region character varying,
    city character varying,
    experiences jsonb DEFAULT '{}'::jsonb NOT NULL,
    facebook_community_id integer,
    slack_community_id integer,
    remember_token character varying,
    short_bio character varying DEFAULT '' NOT NULL,
    email_verified boolean DEFAULT false NOT NULL,
    location character varying DEFAULT '' NOT NULL,
    last_seen_at timestamp without time zone,
    legal_accepted_at timestamp without time zone,
    email_newsletter boolean DEFAULT false NOT NULL,
    failed_attempts integer DEFAULT 0 NOT NULL,
    unlock_token character varying,
    locked_at timestamp without time zone,
    short_bio_format character varying(10) DEFAULT 'md' NOT NULL,
    attachments jsonb DEFAULT '[]'::jsonb NOT NULL,
    current_sign_in_ip inet,
    last_sign_in_ip inet,
    secret_token character varying DEFAULT public.gen_random_uuid() NOT NULL,
    content_locale character varying,
    bot boolean DEFAULT false NOT NULL,
    link_previews jsonb DEFAULT '[]'::jsonb NOT NULL,
    email_catch_up_day integer,
    date_time_pref character varying,
    api_key character varying,
    deactivator_id integer,
    autodetect_time_zone boolean DEFAULT true NOT NULL,
    email_sha256 character varying,
    complaints_count integer DEFAULT 0 NOT NULL,
    auto_translate boolean DEFAULT false NOT NULL
);

CREATE TABLE public.versions (
    id serial PRIMARY KEY,
    item_type character varying(255) NOT NULL,
    item_id integer NOT NULL,
    event character varying(255) NOT NULL,
    whodunnit integer,
    created_at timestamp without time zone,
    object_changes jsonb
);

CREATE TABLE public.webhooks (
    id bigserial PRIMARY KEY,
    group_id integer NOT NULL,
    name character varying NOT NULL,
    url character varying,
    event_kinds jsonb DEFAULT '[]'::jsonb NOT NULL,
    created_at timestamp without time zone,
    updated_at timestamp without time zone,
    format character varying DEFAULT 'markdown',
    include_body boolean DEFAULT false,
    include_subgroups boolean DEFAULT false NOT NULL,
    is_broken boolean DEFAULT false NOT NULL,
    token character varying,
    author_id integer,
    actor_id integer,
    permissions character varying[] DEFAULT '{}'::character varying[] NOT NULL,
    last_used_at timestamp(6) without time zone
);

CREATE UNIQUE INDEX index_action_mailbox_inbound_emails_uniqueness ON public.action_mailbox_inbound_emails USING btree (message_id, message_checksum);
CREATE INDEX index_active_admin_comments_on_author_type_and_author_id ON public.active_admin_comments USING btree (author_type, author_id);
CREATE INDEX index_active_admin_comments_on_resource_type_and_resource_id ON public.active_admin_comments USING btree (resource_type, resource_id);
CREATE INDEX index_active_storage_attachments_on_blob_id ON public.active_storage_attachments USING btree (blob_id);
CREATE INDEX index_active_storage_attachments_on_group_id ON public.active_storage_attachments USING btree (group_id);
CREATE UNIQUE INDEX index_active_storage_attachments_uniqueness ON public.active_storage_attachments USING btree (record_type, record_id, name, blob_id);
CREATE UNIQUE INDEX active_storage_blobs_idx ON public.active_storage_blobs USING btree (id);
CREATE UNIQUE INDEX index_active_storage_blobs_on_key ON public.active_storage_blobs USING btree (key);
CREATE UNIQUE INDEX index_active_storage_variant_records_uniqueness ON public.active_storage_variant_records USING btree (blob_id, variation_digest);
CREATE INDEX index_attachments_on_attachable_id_and_attachable_type ON public.attachments USING btree (attachable_id, attachable_type);
CREATE INDEX index_attachments_on_comment_id ON public.attachments USING btree (comment_id);
CREATE INDEX index_blazer_audits_on_query_id ON public.blazer_audits USING btree (query_id);
CREATE INDEX index_blazer_audits_on_user_id ON public.blazer_audits USING btree (user_id);
CREATE INDEX index_blazer_checks_on_creator_id ON public.blazer_checks USING btree (creator_id);
CREATE INDEX index_blazer_checks_on_query_id ON public.blazer_checks USING btree (query_id);
CREATE INDEX index_blazer_dashboard_queries_on_dashboard_id ON public.blazer_dashboard_queries USING btree (dashboard_id);
CREATE INDEX index_blazer_dashboard_queries_on_query_id ON public.blazer_dashboard_queries USING btree (query_id);
CREATE INDEX index_blazer_dashboards_on_creator_id ON public.blazer_dashboards USING btree (creator_id);
CREATE INDEX index_blazer_queries_on_creator_id ON public.blazer_queries USING btree (creator_id);
CREATE UNIQUE INDEX index_blocked_domains_on_name ON public.blocked_domains USING btree (name);
CREATE INDEX index_chatbots_on_group_id ON public.chatbots USING btree (group_id);
CREATE INDEX index_comments_on_discussion_id ON public.comments USING btree (discussion_id);
CREATE INDEX index_comments_on_parent_type_and_parent_id ON public.comments USING btree (parent_type, parent_id);
CREATE INDEX index_demos_on_author_id ON public.demos USING btree (author_id);
CREATE INDEX index_discussion_readers_discussion_id ON public.discussion_readers USING btree (discussion_id);
CREATE INDEX discussion_readers_guests ON public.discussion_readers USING btree (guest) WHERE (guest = true);
CREATE INDEX inviter_id_not_null ON public.discussion_readers USING btree (inviter_id) WHERE (inviter_id IS NOT NULL);
CREATE UNIQUE INDEX index_discussion_readers_on_token ON public.discussion_readers USING btree (token);
CREATE UNIQUE INDEX index_discussion_readers_on_user_id_and_discussion_id ON public.discussion_readers USING btree (user_id, discussion_id);
CREATE INDEX index_discussion_templates_on_discarded_at ON public.discussion_templates USING btree (discarded_at);
CREATE INDEX index_discussions_on_author_id ON public.discussions USING btree (author_id);
CREATE INDEX index_discussions_on_created_at ON public.discussions USING btree (created_at);
CREATE INDEX index_discussions_on_discarded_at ON public.discussions USING btree (discarded_at) WHERE (discarded_at IS NULL);
CREATE INDEX index_discussions_on_group_id ON public.discussions USING btree (group_id);
CREATE UNIQUE INDEX index_discussions_on_key ON public.discussions USING btree (key);
CREATE INDEX index_discussions_on_last_activity_at ON public.discussions USING btree (last_activity_at DESC);
CREATE INDEX index_discussions_on_private ON public.discussions USING btree (private);
CREATE INDEX index_discussions_on_tags ON public.discussions USING gin (tags);
CREATE INDEX index_discussions_on_template ON public.discussions USING btree (template) WHERE (template IS TRUE);
CREATE INDEX index_documents_on_group_id ON public.documents USING btree (group_id);
CREATE INDEX index_documents_on_model_id ON public.documents USING btree (model_id);
CREATE INDEX index_documents_on_model_type ON public.documents USING btree (model_type);
CREATE INDEX index_events_on_created_at ON public.events USING btree (created_at);
CREATE UNIQUE INDEX index_events_on_discussion_id_and_sequence_id ON public.events USING btree (discussion_id, sequence_id);
CREATE INDEX index_events_on_eventable_id_and_kind ON public.events USING btree (eventable_id, kind);
CREATE INDEX index_events_on_eventable_type_and_eventable_id ON public.events USING btree (eventable_type, eventable_id);
CREATE INDEX index_events_on_parent_id_and_discussion_id ON public.events USING btree (parent_id, discussion_id) WHERE (discussion_id IS NOT NULL);
CREATE INDEX index_events_on_parent_id ON public.events USING btree (parent_id);
CREATE INDEX index_events_on_position_key ON public.events USING btree (position_key);
CREATE INDEX index_events_on_user_id ON public.events USING btree (user_id);
CREATE INDEX index_group_identities_on_group_id ON public.group_identities USING btree (group_id);
CREATE INDEX index_group_identities_on_identity_id ON public.group_identities USING btree (identity_id);
CREATE INDEX index_group_surveys_on_group_id ON public.group_surveys USING btree (group_id);
CREATE INDEX index_groups_on_archived_at ON public.groups USING btree (archived_at) WHERE (archived_at IS NULL);
CREATE INDEX index_groups_on_created_at ON public.groups USING btree (created_at);
CREATE INDEX index_groups_on_full_name ON public.groups USING btree (full_name);
CREATE UNIQUE INDEX index_groups_on_handle ON public.groups USING btree (handle);
CREATE UNIQUE INDEX index_groups_on_key ON public.groups USING btree (key);
CREATE INDEX index_groups_on_name ON public.groups USING btree (name);
CREATE INDEX index_groups_on_parent_id ON public.groups USING btree (parent_id);
CREATE INDEX groups_subscription_id_idx ON public.groups USING btree (subscription_id);
CREATE UNIQUE INDEX index_groups_on_token ON public.groups USING btree (token);
CREATE INDEX index_login_tokens_on_token ON public.login_tokens USING btree (token);
CREATE UNIQUE INDEX index_member_email_aliases_on_email_and_group_id ON public.member_email_aliases USING btree (email, group_id);
CREATE INDEX index_membership_requests_on_group_id ON public.membership_requests USING btree (group_id);
CREATE INDEX index_membership_requests_on_requestor_id ON public.membership_requests USING btree (requestor_id);
CREATE INDEX index_membership_requests_on_responder_id ON public.membership_requests USING btree (responder_id);
CREATE INDEX index_memberships_on_created_at ON public.memberships USING btree (created_at);
CREATE UNIQUE INDEX index_memberships_on_group_id_and_user_id ON public.memberships USING btree (group_id, user_id);
CREATE INDEX index_memberships_on_inviter_id ON public.memberships USING btree (inviter_id);
CREATE UNIQUE INDEX index_memberships_on_token ON public.memberships USING btree (token);
CREATE INDEX index_memberships_on_user_id_and_volume ON public.memberships USING btree (user_id, volume);
CREATE INDEX index_memberships_on_volume ON public.memberships USING btree (volume);
CREATE INDEX index_notifications_on_event_id ON public.notifications USING btree (event_id);
CREATE INDEX index_notifications_on_id ON public.notifications USING btree (id DESC);
CREATE INDEX notifications_user_id_id_idx ON public.notifications USING btree (user_id, id);
CREATE INDEX index_notifications_on_user_id ON public.notifications USING btree (user_id);
CREATE UNIQUE INDEX index_oauth_access_grants_on_token ON public.oauth_access_grants USING btree (token);
CREATE UNIQUE INDEX index_oauth_access_tokens_on_refresh_token ON public.oauth_access_tokens USING btree (refresh_token);
CREATE INDEX index_oauth_access_tokens_on_resource_owner_id ON public.oauth_access_tokens USING btree (resource_owner_id);
CREATE UNIQUE INDEX index_oauth_access_tokens_on_token ON public.oauth_access_tokens USING btree (token);
CREATE INDEX index_oauth_applications_on_owner_id_and_owner_type ON public.oauth_applications USING btree (owner_id, owner_type);
CREATE UNIQUE INDEX index_oauth_applications_on_uid ON public.oauth_applications USING btree (uid);
CREATE INDEX index_personas_on_email ON public.omniauth_identities USING btree (email);
CREATE INDEX index_omniauth_identities_on_identity_type_and_uid ON public.omniauth_identities USING btree (identity_type, uid);
CREATE INDEX index_personas_on_user_id ON public.omniauth_identities USING btree (user_id);
CREATE INDEX index_outcomes_on_poll_id ON public.outcomes USING btree (poll_id);
CREATE INDEX index_pg_search_documents_on_author_id ON public.pg_search_documents USING btree (author_id);
CREATE INDEX pg_search_documents_authored_at_asc_index ON public.pg_search_documents USING btree (authored_at);
CREATE INDEX pg_search_documents_authored_at_desc_index ON public.pg_search_documents USING btree (authored_at DESC);
CREATE INDEX index_pg_search_documents_on_discussion_id ON public.pg_search_documents USING btree (discussion_id);
CREATE INDEX index_pg_search_documents_on_group_id ON public.pg_search_documents USING btree (group_id);
CREATE INDEX index_pg_search_documents_on_poll_id ON public.pg_search_documents USING btree (poll_id);
CREATE INDEX index_pg_search_documents_on_searchable ON public.pg_search_documents USING btree (searchable_type, searchable_id);
CREATE INDEX pg_search_documents_searchable_index ON public.pg_search_documents USING gin (ts_content);
CREATE INDEX index_poll_options_on_poll_id ON public.poll_options USING btree (poll_id);
CREATE INDEX index_poll_templates_on_discarded_at ON public.poll_templates USING btree (discarded_at);
CREATE INDEX index_polls_on_author_id ON public.polls USING btree (author_id);
CREATE INDEX index_polls_on_closed_at_and_closing_at ON public.polls USING btree (closed_at, closing_at);
CREATE INDEX index_polls_on_closed_at_and_discussion_id ON public.polls USING btree (closed_at, discussion_id);
CREATE INDEX index_polls_on_discussion_id ON public.polls USING btree (discussion_id);
CREATE INDEX index_polls_on_group_id ON public.polls USING btree (group_id);
CREATE UNIQUE INDEX index_polls_on_key ON public.polls USING btree (key);
CREATE INDEX index_polls_on_tags ON public.polls USING gin (tags);
CREATE INDEX index_reactions_on_created_at ON public.reactions USING btree (created_at);
CREATE INDEX index_reactions_on_reactable_id_and_reactable_type ON public.reactions USING btree (reactable_id, reactable_type);
CREATE INDEX index_reactions_on_user_id ON public.reactions USING btree (user_id);
CREATE INDEX index_stance_choices_on_poll_option_id ON public.stance_choices USING btree (poll_option_id);
CREATE INDEX index_stance_choices_on_stance_id ON public.stance_choices USING btree (stance_id);
CREATE INDEX stances_guests ON public.stances USING btree (guest) WHERE (guest = true);
CREATE INDEX index_stances_on_participant_id ON public.stances USING btree (participant_id);
CREATE INDEX index_stances_on_poll_id_and_cast_at ON public.stances USING btree (poll_id NULLS FIRST, cast_at NULLS FIRST);
CREATE UNIQUE INDEX index_stances_on_poll_id_and_participant_id_and_latest ON public.stances USING btree (poll_id, participant_id, latest) WHERE (latest = true);
CREATE INDEX index_stances_on_poll_id ON public.stances USING btree (poll_id);
CREATE UNIQUE INDEX index_stances_on_token ON public.stances USING btree (token);
CREATE INDEX index_subscriptions_on_owner_id ON public.subscriptions USING btree (owner_id);
CREATE INDEX index_subscriptions_on_plan ON public.subscriptions USING btree (plan);
CREATE INDEX index_taggings_on_tag_id ON public.taggings USING btree (tag_id);
CREATE INDEX index_taggings_on_taggable_type_and_taggable_id ON public.taggings USING btree (taggable_type, taggable_id);
CREATE UNIQUE INDEX index_tags_on_group_id_and_name ON public.tags USING btree (group_id, name);
CREATE INDEX index_tags_on_group_id ON public.tags USING btree (group_id);
CREATE INDEX index_tags_on_name ON public.tags USING btree (name);
CREATE INDEX index_tasks_on_author_id ON public.tasks USING btree (author_id);
CREATE INDEX index_tasks_on_discarded_at ON public.tasks USING btree (discarded_at);
CREATE INDEX index_tasks_on_done ON public.tasks USING btree (done);
CREATE INDEX index_tasks_on_due_on ON public.tasks USING btree (due_on);
CREATE INDEX index_tasks_on_record_type_and_record_id ON public.tasks USING btree (record_type, record_id);
CREATE INDEX index_tasks_on_remind_at ON public.tasks USING btree (remind_at);
CREATE INDEX index_tasks_users_on_task_id ON public.tasks_users USING btree (task_id);
CREATE INDEX index_tasks_users_on_user_id ON public.tasks_users USING btree (user_id);
CREATE INDEX index_translations_on_language ON public.translations USING btree (language);
CREATE INDEX index_translations_on_translatable_type_and_translatable_id ON public.translations USING btree (translatable_type, translatable_id);
CREATE INDEX index_users_on_api_key ON public.users USING btree (api_key);
CREATE UNIQUE INDEX index_users_on_email ON public.users USING btree (email);
CREATE INDEX index_users_on_email_verified ON public.users USING btree (email_verified);
CREATE UNIQUE INDEX index_users_on_key ON public.users USING btree (key);
CREATE INDEX users_remember_token_idx ON public.users USING btree (remember_token);
CREATE UNIQUE INDEX index_users_on_reset_password_token ON public.users USING btree (reset_password_token);
CREATE UNIQUE INDEX index_users_on_unlock_token ON public.users USING btree (unlock_token);
CREATE UNIQUE INDEX index_users_on_unsubscribe_token ON public.users USING btree (unsubscribe_token);
CREATE UNIQUE INDEX index_users_on_username ON public.users USING btree (username);
CREATE INDEX index_versions_on_item_type_and_item_id ON public.versions USING btree (item_type, item_id);
CREATE INDEX index_webhooks_on_group_id ON public.webhooks USING btree (group_id);

ALTER TABLE public.active_storage_attachments
    ADD CONSTRAINT fk_rails_c3b3935057 FOREIGN KEY (blob_id) REFERENCES public.active_storage_blobs (id);
ALTER TABLE public.active_storage_variant_records
    ADD CONSTRAINT fk_rails_993965df05 FOREIGN KEY (blob_id) REFERENCES public.active_storage_blobs (id);

CREATE TABLE public.schema_migrations (
    version character varying NOT NULL PRIMARY KEY
);

CREATE TABLE public.ar_internal_metadata (
    key character varying NOT NULL PRIMARY KEY,
    value character varying,
    created_at timestamp(6) without time zone NOT NULL,
    updated_at timestamp(6) without time zone NOT NULL
);

INSERT INTO public.schema_migrations (version) VALUES ('20251203031449');
INSERT INTO public.ar_internal_metadata (key, value, created_at, updated_at)
VALUES ('environment', 'production', now() AT TIME ZONE 'utc', now() AT TIME ZONE 'utc');
